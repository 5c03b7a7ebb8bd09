"""Sessions by psycopg, for all programs that use it."""

import threading
import time

import psycopg
from report import PATIENCE, SLEEP, SLEEPING


def connect(**options):
    """The connection's facts come from PGHOST, PGPORT, PGUSER, PGPASSWORD … of the environment."""
    return psycopg.connect(sslmode="verify-full", connect_timeout=PATIENCE, autocommit=True, **options)


def refusal(**options):
    """The message with which a connection is refused."""
    try:
        connect(**options).close()
    except psycopg.OperationalError as error:
        return str(error)
    raise AssertionError("the connection was made")


def cancels(conn, cancel):
    """Calls `cancel` once `conn` is in the middle of a query, and expects that query to end by it."""

    def cancel_once_it_sleeps():
        deadline = time.monotonic() + PATIENCE
        with connect() as watcher:
            query = SLEEPING.format(conn.info.backend_pid)
            while watcher.execute(query).fetchone() == (0,) and time.monotonic() < deadline:
                pass
        cancel()

    canceller = threading.Thread(target=cancel_once_it_sleeps)
    canceller.start()
    try:
        conn.execute(SLEEP)
        raise AssertionError("the query was not cancelled")
    except psycopg.errors.QueryCanceled as error:
        assert error.sqlstate == "57014"
    finally:
        canceller.join()
    assert conn.execute("select 1").fetchone() == (1,)
