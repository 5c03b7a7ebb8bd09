# What the programs here have in common; they source this file. PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLROOTCERT …
# say where the door is: libpq reads them by itself.
set -uo pipefail
export PGSSLMODE=verify-full PGCONNECT_TIMEOUT=20 LC_ALL=C.UTF-8
status=0

# check NAME COMMAND…: runs the command, usually a function below, and prints one line of JSON: it is passed when the
# command and every command in it succeed. What it printed is the message, or the error.
check() {
  local name=$1 output code
  shift
  output=$(set -e; "$@" 2>&1)
  code=$?
  output=${output::1000}
  if [ $code -eq 0 ]; then
    printf '{"check":%s,"ok":true,"message":%s}\n' "$(quoted "$name")" "$(quoted "$output")"
  else
    status=1
    printf '{"check":%s,"ok":false,"error":%s}\n' "$(quoted "$name")" "$(quoted "exit $code: $output")"
  fi
}

quoted() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf '"%s"' "$text"
}

# ask SQL…: psql, bare of everything but the answer.
ask() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"
}

# same WANTED GOT
same() {
  [ "$1" = "$2" ] || {
    echo "expected: $1"
    echo "got: $2"
    return 1
  }
}

# refused COMMAND…: the command must fail; what it says is the message.
refused() {
  if "$@"; then
    echo "the connection was made"
    return 1
  fi
}
