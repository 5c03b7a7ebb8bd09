#!/usr/bin/env bash
# pg_dump and pg_restore through the wire door. The server behind it is not newer than they are: they insist on that.
. "$(dirname "$0")/report.sh"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

FINGERPRINT="select count(*), sum(hashtext(s::text)) from dump_me.sales s"

fills() {
  ask <<'SQL'
drop schema if exists dump_me cascade;
create schema dump_me;
create table dump_me.sales (id int primary key, word text not null, at timestamptz);
insert into dump_me.sales select n, repeat(chr(200 + n % 50), n % 99), to_timestamp(n) from generate_series(1, 20000) n;
create view dump_me.words as select distinct word from dump_me.sales;
SQL
}

restores_plain() {
  pg_dump --schema dump_me > "$folder/dump.sql"
  comes_back psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output /dev/null --file "$folder/dump.sql"
}

restores_custom() {
  pg_dump --schema dump_me --format custom --file "$folder/dump"
  comes_back pg_restore --exit-on-error --dbname "$PGDATABASE" "$folder/dump"
}

# Several connections at once, which share a snapshot.
restores_parallel() {
  pg_dump --schema dump_me --format directory --jobs 3 --file "$folder/parallel"
  comes_back pg_restore --exit-on-error --jobs 3 --dbname "$PGDATABASE" "$folder/parallel"
}

# comes_back COMMAND…: what was dropped is there again after the command.
comes_back() {
  local before
  before=$(ask -c "$FINGERPRINT")
  ask -c 'set client_min_messages = error' -c 'drop schema dump_me cascade'
  "$@"
  same "$before" "$(ask -c "$FINGERPRINT")"
}

check "fills a schema" fills
check "dumps and restores a script" restores_plain
check "dumps and restores an archive" restores_custom
check "dumps and restores by several connections" restores_parallel
check "is refused with a wrong token" refused env PGPASSWORD="$WRONG_TOKEN" pg_dump --schema dump_me
check "is refused with an expired token" refused env PGPASSWORD="$EXPIRED_TOKEN" pg_dump --schema dump_me
exit $status
