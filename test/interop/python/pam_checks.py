"""psycopg logs in to a server that asks PAM: the token is the password, and nothing else is different."""

import os

import psycopg
from report import check, main

PLACE = {"host": "127.0.0.1", "port": os.environ["PGPORT"], "dbname": "postgres", "sslmode": "disable"}


def role_of(user, password):
    with psycopg.connect(**PLACE, user=user, password=password) as connection:
        return connection.execute("select session_user").fetchone()[0]


def refusal(user, password):
    try:
        role_of(user, password)
    except psycopg.OperationalError as error:
        return str(error)
    raise AssertionError("it was let in")


@check("logs in with a signed token")
def signed_token():
    assert role_of("ada", os.environ["GOOD_TOKEN"]) == "ada"


@check("is refused as another role")
def another_role():
    assert 'PAM authentication failed for user "ben"' in refusal("ben", os.environ["GOOD_TOKEN"])


@check("is refused with a wrong token and an expired one")
def wrong_tokens():
    for token in (os.environ["WRONG_TOKEN"], os.environ["EXPIRED_TOKEN"], "hunter2"):
        assert 'PAM authentication failed for user "ada"' in refusal("ada", token)


main()
