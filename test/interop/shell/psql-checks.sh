#!/usr/bin/env bash
# psql through the wire door.
. "$(dirname "$0")/report.sh"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

connects() {
  local answer
  answer=$(ask -c '\conninfo' -c 'select current_user')
  [[ $answer == *"SSL connection (protocol: TLSv1."* ]] || { echo "$answer"; return 1; }
  same "$PGUSER" "${answer##*$'\n'}"
}

distrusts() {
  local answer
  answer=$(refused env PGSSLROOTCERT="$OTHER_CA" psql -c 'select 1' 2>&1)
  [[ $answer == *"certificate verify failed"* ]]
}

prepares() {
  same $'9\n16' "$(ask <<'SQL'
prepare square (int) as select $1 * $1;
execute square (3);
execute square (4);
SQL
  )"
}

rolls_back() {
  same 0 "$(ask <<'SQL'
create temp table t (n int);
begin;
insert into t values (1);
rollback;
select count(*) from t;
SQL
  )"
}

reads_much() {
  ask --set FETCH_COUNT=1000 -c "select n || repeat('x', 200) from generate_series(1, 50000) n" > "$folder/rows"
  same 50000 "$(grep -cE '^[0-9]+x{200}$' "$folder/rows")"
}

copies() {
  seq 1 20000 | sed 's/.*/&\tword &/' > "$folder/in"
  ask <<SQL
create temp table t (n int, word text);
\copy t from '$folder/in'
\copy (select * from t order by n) to '$folder/out'
SQL
  cmp "$folder/in" "$folder/out"
}

# psql's Ctrl-C.
cancels() {
  local asleep name=interop-psql-$$
  PGAPPNAME=$name psql --no-psqlrc --set VERBOSITY=sqlstate -c 'select pg_sleep(120)' > "$folder/said" 2>&1 &
  asleep="select count(*) from pg_stat_activity where application_name like '$name%' and wait_event = 'PgSleep'"
  until [ "$(ask -c "$asleep")" = 1 ]; do kill -0 $!; done
  kill -INT $!
  wait $! || true
  same $'Cancel request sent\nERROR:  57014' "$(cat "$folder/said")"
}

errs() {
  same $'22012\n1' "$(ask --set ON_ERROR_STOP=0 2> /dev/null <<'SQL'
select 1 / 0;
\echo :SQLSTATE
select 1;
SQL
  )"
}

is_notified() {
  local answer
  answer=$(ask -c 'listen interop_psql' -c "select pg_notify('interop_psql', 'hello')")
  [[ $answer == *'Asynchronous notification "interop_psql" with payload "hello"'* ]] || { echo "$answer"; return 1; }
}

takes_uri() {
  same 1 "$(ask "postgresql://$PGHOST:$PGPORT/$PGDATABASE?user=$PGUSER" -c 'select 1')"
}

describes() {
  local answer
  answer=$(psql --no-psqlrc --set ON_ERROR_STOP=1 -c '\dn' -c '\du' -c '\d pg_class')
  [[ $answer == *"pg_class_oid_index"* ]]
}

check "connects over verified TLS" connects
check "does not trust a server certificate of another CA" distrusts
check "connects by a URI" takes_uri
check "runs a prepared statement again and again" prepares
check "rolls a transaction back" rolls_back
check "reads a large result" reads_much
check "copies rows in and out" copies
check "cancels a running query in plain text, as older clients do" cancels
check "reports an error with its SQLSTATE and goes on" errs
check "receives a notification" is_notified
check "describes databases, schemas, roles and tables" describes
check "is refused with a wrong token" refused env PGPASSWORD="$WRONG_TOKEN" psql -c 'select 1'
check "is refused with an expired token" refused env PGPASSWORD="$EXPIRED_TOKEN" psql -c 'select 1'
exit $status
