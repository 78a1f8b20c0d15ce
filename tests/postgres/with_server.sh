#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# with_server.sh <program> [argument...]
#
# Runs a program beside a PostgreSQL server of its own: in a temporary folder, on a unix socket only, and
# stopped at the end, whatever happens. The program finds it in TALLY_POSTGRES (a conninfo) and stops and
# starts it anew with TALLY_POSTGRES_RESTART (a command).
set -euo pipefail
script=$(readlink -f "${BASH_SOURCE[0]}")

if [[ ${1:-} == --restart ]]; then
  cd "$2"
  read -ra as_server <<<"$TALLY_POSTGRES_AS"
  "${as_server[@]}" "$TALLY_POSTGRES_BIN/pg_ctl" -D "$2/data" -m immediate stop >/dev/null
  "${as_server[@]}" "$TALLY_POSTGRES_BIN/pg_ctl" -D "$2/data" -w -l "$2/log" start >/dev/null
  exit
fi

find_server() {
  local found
  found=$(command -v initdb || true)
  if [[ -n $found ]]; then
    dirname "$(readlink -f "$found")"
    return
  fi
  find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1 | xargs -r dirname
}

bin=$(find_server)
if [[ -z $bin ]]; then
  echo "skipped: no PostgreSQL server is installed (Debian and Ubuntu: apt-get install postgresql)"
  [[ ${TALLY_REQUIRE_ALL:-0} != 1 ]]
  exit
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/tally-pg.XXXXXX")
as_server=(env)
if [[ $(id -u) == 0 ]]; then  # The server refuses to run as root.
  as_server=(runuser -u postgres --)
  chown postgres "$folder"
fi
export TALLY_POSTGRES_AS="${as_server[*]}" TALLY_POSTGRES_BIN=$bin

stop() {
  # Without `-w` it could still write into the folder that is removed next.
  (cd "$folder" && "${as_server[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop) >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

# The server's user may not be able to stand where we do.
in_folder() { (cd "$folder" && "${as_server[@]}" "$@"); }
in_folder "$bin/initdb" -D "$folder/data" -U tally -A trust -E UTF8 --locale=C --no-sync \
  >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log"; exit 1; }
cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
max_connections = 200
deadlock_timeout = 100ms
CONF
in_folder "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" start >/dev/null ||
  { cat "$folder/log"; exit 1; }

export TALLY_POSTGRES="host=$folder user=tally dbname=postgres"
export TALLY_POSTGRES_RESTART="$script --restart $folder"
"$@"
