"""The libpq that psycopg brings along, for what psycopg has no words for."""

import ctypes
import select
from pathlib import Path

from psycopg import pq  # comes first: psycopg_binary insists on it

import psycopg_binary

_VERBOSE = 2  # PQERRORS_VERBOSE: messages begin with the SQLSTATE

[_path] = Path(psycopg_binary.__file__).parent.with_name("psycopg_binary.libs").glob("libpq-*")

#: The same library, not a second copy: the loader knows it by its file.
lib = ctypes.CDLL(str(_path))
lib.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
lib.PQfullProtocolVersion.argtypes = [ctypes.c_void_p]
lib.PQsslAttribute.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
lib.PQsslAttribute.restype = ctypes.c_char_p


def protocol_version(conn):
    """The protocol that was agreed on: 30000 for 3.0, 30002 for 3.2."""
    return lib.PQfullProtocolVersion(conn.pgconn.pgconn_ptr)


def tls_attribute(conn, name):
    """What libpq knows of the TLS connection, by the names of PQsslAttributeNames."""
    return lib.PQsslAttribute(conn.pgconn.pgconn_ptr, name.encode()).decode()


def refusal(conninfo, patience):
    """Connects, step by step, and returns the SQLSTATE and message with which the server refuses that."""
    conn = pq.PGconn.connect_start(conninfo.encode())
    lib.PQsetErrorVerbosity(conn.pgconn_ptr, _VERBOSE)
    try:
        while (status := conn.connect_poll()) in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
            wanted = [conn.socket], []
            reading, writing = wanted if status == pq.PollingStatus.READING else wanted[::-1]
            if select.select(reading, writing, [], patience) == ([], [], []):
                raise TimeoutError("the server does not answer")
        if status == pq.PollingStatus.OK:
            raise AssertionError("the connection was made")
        # … failed: FATAL:  28P01: the message\nDETAIL:  …\nLOCATION:  …
        _, _, answer = conn.error_message.decode().partition("FATAL:  ")
        sqlstate, _, message = answer.partition(": ")
        return {"sqlstate": sqlstate, "message": message.strip()}
    finally:
        conn.finish()
