#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/bench/run.sh [--quick] [--json FILE] [SECTION...]
#
# Builds tally and its benchmark (Release, in build-bench/), and prints how fast tally is beside libcurl
# alone, with simdjson and with nlohmann's DOM, and cpp-httplib, all measured in this one run: CPU of the
# client process, medians of rounds that take turns. Progress goes to stderr. Ratios hold on a busy machine;
# times do not.
#
#   --quick       fewer rounds and shorter streams: two minutes instead of fifteen, to see that it runs
#   --json FILE   the ratios as one flat JSON object too
#   TALLY_TOKENS  (a variable) a folder of counted texts, *.jsonl, for the section estimator
#   TALLY_RECORDINGS  (a variable) folders of recorded answers, for the same
#   SECTION       stream decode calls latency streams most_streams money include open growth estimator
#                 ledger ledger_queries (all, if none is named); only if they are named: frames (17 minutes,
#                 or one with --quick) and ledger_postgres (it starts a PostgreSQL server)
set -euo pipefail
arguments=()
with_postgres=0
while [[ $# -gt 0 ]]; do
  case $1 in
    --json) arguments+=(--json "$(realpath -m "$2")"); shift ;;  # Where the caller stands.
    ledger_postgres) with_postgres=1 ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

{
  cmake/install-packages.sh g++ cmake ninja-build pkg-config libcurl4-openssl-dev libssl-dev \
    nlohmann-json3-dev libsimdjson-dev libcpp-httplib-dev libsqlite3-dev
  options=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DTALLY_BUILD_BENCH=ON
    -DTALLY_BUILD_TESTS=OFF -DTALLY_BUILD_EXAMPLES=OFF)
  if [[ ! -e build-bench/CMakeCache.txt ]] && command -v ninja >/dev/null; then options+=(-G Ninja); fi
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake -S . -B build-bench "${options[@]}"
  cmake --build build-bench --parallel "$(getconf _NPROCESSORS_ONLN)"
} >&2

if [[ $with_postgres == 1 ]]; then
  # shellcheck disable=SC2016  # The conninfo is known inside only.
  tests/postgres/with_server.sh bash -c 'build-bench/tests/bench/tally_bench_postgres "$TALLY_POSTGRES"'
  [[ ${#arguments[@]} -gt 0 ]] || exit 0
fi
exec build-bench/tests/bench/tally_bench "${arguments[@]}"
