"""psycopg 3 (libpq 18) through the wire door."""

import psycopg
from report import EXPIRED_TOKEN, OTHER_CA, PATIENCE, WRONG_TOKEN, check, main
from session import cancels, connect, refusal


@check("connects over verified TLS")
def _():
    with connect() as conn:
        assert conn.pgconn.ssl_in_use
        [pid] = conn.execute("select pg_backend_pid()").fetchone()
        assert conn.info.backend_pid == pid, f"{conn.info.backend_pid} in BackendKeyData, the server says {pid}"


@check("does not trust a server certificate of another CA")
def _():
    assert "certificate verify failed" in refusal(sslrootcert=OTHER_CA)


@check("runs a query with parameters")
def _():
    with connect() as conn:
        row = conn.execute("select %s::int + 1, %s::text, %b::text, null", (41, "žluťoučký", "kůň")).fetchone()
        assert row == (42, "žluťoučký", "kůň", None), row


@check("runs a prepared statement again and again")
def _():
    with connect() as conn:
        for n in range(10):
            [square] = conn.execute("select %s::int * %s::int", (n, n), prepare=True).fetchone()
            assert square == n * n
        assert conn.execute("select count(*) from pg_prepared_statements").fetchone() == (1,)


@check("rolls a transaction back")
def _():
    with connect() as conn:
        conn.execute("create temp table t (n int)")
        with conn.transaction(force_rollback=True):
            conn.execute("insert into t values (1)")
        assert conn.execute("select count(*) from t").fetchone() == (0,)


@check("reads a large result")
def _():
    with connect() as conn, conn.transaction(), conn.cursor("portal") as cursor:
        cursor.execute("select n, repeat('x', 200) from generate_series(1, 50000) n")
        assert sum(row[0] for row in cursor) == 50000 * 50001 // 2


@check("copies rows in and out")
def _():
    with connect() as conn, conn.cursor() as cursor:
        cursor.execute("create temp table t (n int, word text)")
        with cursor.copy("copy t from stdin") as copy:
            for n in range(20000):
                copy.write_row((n, f"word\t{n}"))
        with cursor.copy("copy (select * from t order by n) to stdout") as copy:
            copy.set_types(["int4", "text"])
            assert list(copy.rows()) == [(n, f"word\t{n}") for n in range(20000)]


@check("cancels a running query over TLS")
def _():
    with connect() as conn:
        cancels(conn, lambda: conn.cancel_safe(timeout=PATIENCE))


@check("cancels a running query in plain text, as older clients do")
def _():
    with connect() as conn:
        cancels(conn, conn.pgconn.get_cancel().cancel)


@check("runs its next query undisturbed once a cancel has returned")
def _():
    # The end of the cancel's connection says that the server was told; only then does libpq let the program go on.
    with connect() as conn:
        for _ in range(30):
            conn.cancel_safe(timeout=PATIENCE)
            conn.execute("select pg_sleep(0.01)")


@check("reports an error with its SQLSTATE and goes on")
def _():
    with connect() as conn:
        try:
            conn.execute("select 1 / 0")
            raise AssertionError("no error")
        except psycopg.errors.DivisionByZero as error:
            assert (error.sqlstate, error.diag.severity_nonlocalized) == ("22012", "ERROR")
        assert conn.execute("select 1").fetchone() == (1,)


@check("pipelines queries")
def _():
    with connect() as conn:
        with conn.pipeline():
            cursors = [conn.execute("select %s::int", (n,)) for n in range(100)]
            assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(100)]
        try:
            with conn.pipeline():
                conn.execute("select 1 / 0")
                conn.execute("select 1")
            raise AssertionError("no error")
        except psycopg.errors.DivisionByZero:
            pass
        assert conn.execute("select 1").fetchone() == (1,)


@check("receives a notification")
def _():
    with connect() as listener, connect() as sender:
        listener.execute("listen interop_psycopg")
        sender.execute("select pg_notify('interop_psycopg', 'hello')")
        [notify] = listener.notifies(timeout=PATIENCE, stop_after=1)
        assert (notify.channel, notify.payload) == ("interop_psycopg", "hello")
        assert notify.pid == sender.info.backend_pid


@check("passes startup parameters on")
def _():
    with connect(application_name="interop", options="-c search_path=pg_catalog -c work_mem=7MB") as conn:
        row = conn.execute("select current_setting('application_name'), current_setting('work_mem')").fetchone()
        assert row == ("interop", "7MB"), row


# libpq keeps the SQLSTATE of a refused login to itself; libpq_checks.py asks it for that.
@check("is refused with a wrong token")
def _():
    return {"message": refusal(password=WRONG_TOKEN)}


@check("is refused with an expired token")
def _():
    return {"message": refusal(password=EXPIRED_TOKEN)}


main()
