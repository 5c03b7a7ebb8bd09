"""asyncpg, which speaks the protocol itself, through the wire door."""

import asyncio
import io
import os
import ssl

import asyncpg
from report import EXPIRED_TOKEN, OTHER_CA, PATIENCE, SLEEP, SLEEPING, WRONG_TOKEN, check, main


async def connect(ca=os.environ["PGSSLROOTCERT"], **options):
    """The connection's facts come from PGHOST, PGPORT, PGUSER, PGPASSWORD … of the environment."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does by itself
    context.set_alpn_protocols(["postgresql"])
    return await asyncpg.connect(ssl=context, timeout=PATIENCE, **options)


async def refusal(**options):
    try:
        await (await connect(**options)).close()
    except asyncpg.PostgresError as error:
        return {"sqlstate": error.sqlstate, "message": str(error)}
    raise AssertionError("the connection was made")


@check("connects over verified TLS")
async def _():
    conn = await connect()
    assert conn._transport.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
    assert conn.get_server_pid() == await conn.fetchval("select pg_backend_pid()")
    await conn.close()


@check("does not trust a server certificate of another CA")
async def _():
    try:
        await connect(ca=OTHER_CA)
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("the connection was made")


@check("runs a query with parameters")
async def _():
    conn = await connect()
    row = await conn.fetchrow("select $1::int + 1, $2::text, null::text", 41, "žluťoučký")
    assert tuple(row) == (42, "žluťoučký", None), row
    await conn.close()


@check("runs a prepared statement again and again")
async def _():
    conn = await connect()
    square = await conn.prepare("select $1::int * $1::int")
    assert [await square.fetchval(n) for n in range(10)] == [n * n for n in range(10)]
    await conn.close()


@check("rolls a transaction back")
async def _():
    conn = await connect()
    await conn.execute("create temp table t (n int)")
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("insert into t values (1)")
    await transaction.rollback()
    assert await conn.fetchval("select count(*) from t") == 0
    await conn.close()


@check("reads a large result")
async def _():
    conn = await connect()
    total = 0
    async with conn.transaction():
        query = "select n, repeat('x', 200) from generate_series(1, 50000) n"
        async for row in conn.cursor(query, prefetch=1000):
            total += row["n"]
    assert total == 50000 * 50001 // 2
    await conn.close()


@check("copies rows in and out")
async def _():
    conn = await connect()
    await conn.execute("create temp table t (n int, word text)")
    records = [(n, f"word\t{n}") for n in range(20000)]
    await conn.copy_records_to_table("t", records=records)
    out = io.BytesIO()
    await conn.copy_from_query("select * from t order by n", output=out)
    assert out.getvalue() == b"".join(b"%d\tword\\t%d\n" % (n, n) for n in range(20000))
    await conn.close()


@check("cancels a running query over TLS")
async def _():
    conn, watcher = await connect(), await connect()
    sleeping = asyncio.create_task(conn.execute(SLEEP))
    query = SLEEPING.format(conn.get_server_pid())
    while await watcher.fetchval(query) == 0:
        pass
    # asyncpg turns the cancelling of a task into a CancelRequest and waits for the server to have answered.
    sleeping.cancel()
    try:
        await sleeping
        raise AssertionError("the query was not cancelled")
    except asyncio.CancelledError:
        pass
    assert await conn.fetchval("select 1") == 1
    assert await watcher.fetchval(query) == 0
    await conn.close()
    await watcher.close()


@check("reports an error with its SQLSTATE and goes on")
async def _():
    conn = await connect()
    try:
        await conn.execute("select 1 / 0")
        raise AssertionError("no error")
    except asyncpg.DivisionByZeroError as error:
        assert (error.sqlstate, error.severity) == ("22012", "ERROR")
    assert await conn.fetchval("select 1") == 1
    await conn.close()


@check("pipelines queries")
async def _():
    conn = await connect()
    await conn.execute("create temp table t (n int)")
    # executemany sends Bind and Execute for all rows without waiting in between.
    await conn.executemany("insert into t values ($1)", [(n,) for n in range(1000)])
    assert await conn.fetchval("select sum(n) from t") == 999 * 1000 // 2
    await conn.close()


@check("receives a notification")
async def _():
    listener, sender = await connect(), await connect()
    received = asyncio.get_running_loop().create_future()
    await listener.add_listener("interop_asyncpg", lambda _, *what: received.set_result(what))
    await sender.execute("select pg_notify('interop_asyncpg', 'hello')")
    what = await asyncio.wait_for(received, PATIENCE)
    assert what == (sender.get_server_pid(), "interop_asyncpg", "hello"), what
    await listener.close()
    await sender.close()


@check("negotiates TLS directly")
async def _():
    conn = await connect(direct_tls=True)
    assert await conn.fetchval("select 1") == 1
    await conn.close()


@check("is refused with a wrong token")
async def _():
    return await refusal(password=WRONG_TOKEN)


@check("is refused with an expired token")
async def _():
    return await refusal(password=EXPIRED_TOKEN)


main()
