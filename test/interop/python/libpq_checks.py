"""libpq 18 and what is new in it: protocol 3.2, direct TLS, the refusal of other authentication methods."""

from libpq import lib, protocol_version, refusal, tls_attribute
from report import EXPIRED_TOKEN, PATIENCE, WRONG_TOKEN, check, main
from session import cancels, connect


def refused(token):
    return refusal(f"sslmode=verify-full password='{token}'", PATIENCE)


@check("is libpq 18 or newer")
def _():
    assert lib.PQlibVersion() >= 180000, lib.PQlibVersion()


@check("speaks protocol 3.0")
def _():
    with connect(max_protocol_version="3.0") as conn:
        assert protocol_version(conn) == 30000
        cancels(conn, lambda: conn.cancel_safe(timeout=PATIENCE))


@check("speaks protocol 3.2 and cancels with its long key")
def _():
    with connect(min_protocol_version="3.2", max_protocol_version="latest") as conn:
        assert protocol_version(conn) == 30002
        cancels(conn, lambda: conn.cancel_safe(timeout=PATIENCE))


@check("negotiates TLS directly, with ALPN")
def _():
    with connect(sslnegotiation="direct") as conn:
        assert tls_attribute(conn, "alpn") == "postgresql"
        assert conn.execute("select 1").fetchone() == (1,)


@check("speaks TLS 1.2 and TLS 1.3")
def _():
    for version in ("TLSv1.2", "TLSv1.3"):
        with connect(ssl_min_protocol_version=version, ssl_max_protocol_version=version) as conn:
            assert tls_attribute(conn, "protocol") == version


@check("is asked for a password when it accepts nothing else")
def _():
    with connect(require_auth="password") as conn:
        assert conn.execute("select 1").fetchone() == (1,)


@check("is refused with a wrong token")
def _():
    return refused(WRONG_TOKEN)


@check("is refused with an expired token")
def _():
    return refused(EXPIRED_TOKEN)


main()
