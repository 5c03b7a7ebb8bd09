"""What every program here has in common: the facts of the connection, and one line of JSON for each check."""

import asyncio
import inspect
import json
import os
import sys

OTHER_CA = os.environ["OTHER_CA"]
WRONG_TOKEN = os.environ["WRONG_TOKEN"]
EXPIRED_TOKEN = os.environ["EXPIRED_TOKEN"]

#: No check waits longer than this for anything, in seconds: what hangs is a failure with a name.
PATIENCE = 20

#: Sleeps until it is cancelled; far longer than PATIENCE, so that a cancel that does nothing is noticed.
SLEEP = "select pg_sleep(120)"

#: Whether the session with this process id is in pg_sleep by now.
SLEEPING = "select count(*) from pg_stat_activity where pid = {} and wait_event = 'PgSleep'"

_checks = []


def check(name):
    """Registers a function as a check. What it returns, a dict, is printed with the result."""

    def register(function):
        _checks.append((name, function))
        return function

    return register


async def _run(function):
    result = await asyncio.wait_for(function(), 2 * PATIENCE) if inspect.iscoroutinefunction(function) else function()
    return result or {}


async def _run_all():
    passed = True
    for name, function in _checks:
        try:
            line = {"check": name, "ok": True, **await _run(function)}
        except Exception as error:  # whatever went wrong is the result of the check
            passed = False
            line = {"check": name, "ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(line), flush=True)
    return passed


def main():
    """Runs the checks in the order in which they stand in the program."""
    sys.exit(0 if asyncio.run(_run_all()) else 1)
