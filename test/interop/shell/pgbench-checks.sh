#!/usr/bin/env bash
# pgbench through the wire door. It fills its tables by COPY.
. "$(dirname "$0")/report.sh"

# runs TRANSACTIONS OPTIONS…: every transaction succeeds.
runs() {
  local wanted=$1 answer
  shift
  answer=$(pgbench --no-vacuum --client 4 --transactions $((wanted / 4)) "$@" 2>&1)
  [[ $answer == *"transactions actually processed: $wanted/$wanted"*"failed transactions: 0 "* ]] || {
    echo "$answer"
    return 1
  }
}

initialises() {
  pgbench --initialize --quiet --scale 1 2> /dev/null
  same 100000 "$(ask -c 'select count(*) from pgbench_accounts')"
}

pipelines() {
  runs 400 --protocol extended --file /dev/stdin <<'SQL'
\set id random(1, 100000)
\startpipeline
select abalance from pgbench_accounts where aid = :id;
update pgbench_accounts set abalance = abalance + 1 where aid = :id;
select abalance from pgbench_accounts where aid = :id;
\endpipeline
SQL
}

check "initialises its tables" initialises
check "runs its transactions by simple queries" runs 400 --protocol simple
check "runs its transactions by extended queries" runs 400 --protocol extended
check "runs its transactions by prepared statements" runs 400 --protocol prepared
check "selects by prepared statements" runs 4000 --protocol prepared --select-only
check "selects with a new connection for each transaction" runs 40 --connect --select-only
check "pipelines queries" pipelines
check "is refused with a wrong token" refused env PGPASSWORD="$WRONG_TOKEN" pgbench --no-vacuum --select-only
check "is refused with an expired token" refused env PGPASSWORD="$EXPIRED_TOKEN" pgbench --no-vacuum --select-only
exit $status
