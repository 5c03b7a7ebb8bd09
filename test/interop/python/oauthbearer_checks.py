"""libpq 18 logs in by SASL OAUTHBEARER (RFC 7628). An application's hook hands over the token."""

import ctypes
import os

import psycopg
from libpq import lib
from report import EXPIRED_TOKEN, PATIENCE, WRONG_TOKEN, check, main

ISSUER = os.environ["OAUTH_ISSUER"]
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
TOKEN = os.environ.pop("PGPASSWORD")  # libpq must not be able to use it as a password

_BEARER_TOKEN = 1  # PQAUTHDATA_OAUTH_BEARER_TOKEN


class BearerRequest(ctypes.Structure):
    """PGoauthBearerRequest of libpq-fe.h."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("poll", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


class Hook:
    """Answers libpq's question for a token, and remembers what it was told with the question."""

    def __init__(self):
        self.token = b""
        self.asked = []
        signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(BearerRequest))
        self._callback = signature(self._answer)
        lib.PQsetAuthDataHook(self._callback)

    def _answer(self, kind, _conn, request):
        if kind != _BEARER_TOKEN:
            return 0
        scope = request.contents.scope
        self.asked.append((request.contents.openid_configuration.decode(), scope and scope.decode()))
        request.contents.token = self.token
        return 1


hook = Hook()


def connect(token=TOKEN, issuer=ISSUER, **options):
    hook.token = token.encode()
    hook.asked.clear()
    return psycopg.connect(
        sslmode="verify-full",
        connect_timeout=PATIENCE,
        oauth_issuer=issuer,
        oauth_client_id="interop",
        require_auth="oauth",
        autocommit=True,
        **options,
    )


def refusal(token):
    try:
        connect(token).close()
    except psycopg.OperationalError as error:
        return {"message": str(error)}
    raise AssertionError("the connection was made")


@check("logs in with a token")
def _():
    with connect() as conn:
        assert conn.pgconn.ssl_in_use
        assert conn.execute("select current_user").fetchone() == (os.environ["PGUSER"],)


@check("learns from the server where tokens come from")
def _():
    connect().close()
    [(discovery, _)] = hook.asked
    assert discovery == DISCOVERY, discovery


@check("logs in at once when it knows where tokens come from")
def _():
    with connect(issuer=DISCOVERY) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


@check("logs in over protocol 3.2 and direct TLS")
def _():
    with connect(min_protocol_version="3.2", max_protocol_version="latest", sslnegotiation="direct") as conn:
        assert conn.execute("select 1").fetchone() == (1,)


@check("does not give the token to a server that names another issuer")
def _():
    try:
        connect(issuer="https://elsewhere.example").close()
    except psycopg.OperationalError as error:
        assert "issuer" in str(error) and hook.asked == [], error
        return
    raise AssertionError("the connection was made")


@check("is refused with a wrong token")
def _():
    return refusal(WRONG_TOKEN)


@check("is refused with an expired token")
def _():
    return refusal(EXPIRED_TOKEN)


main()
