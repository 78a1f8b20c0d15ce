#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/fuzz/run.sh [seconds per target, 30 without] [target...]
#
# Builds the fuzz targets (clang, address and undefined sanitizers) in build-fuzz/ and runs them, two at a
# time. Inputs that break a promise stand in build-fuzz/findings/; what else was learned is kept in
# build-fuzz/corpus/ for the next run. A finding is mended and moved to tests/fuzz/regressions/<target>/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-30}
shift || true
targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
  targets=(sse json reply_general reply_differential catalog decimal response)
fi

build="build-fuzz"
options=(-DCMAKE_BUILD_TYPE= -DCMAKE_CXX_COMPILER=clang++ -DTALLY_FUZZ=ON -DTALLY_BUILD_EXAMPLES=OFF
  -DTALLY_INSTALL=OFF
  "-DCMAKE_CXX_FLAGS=-O2 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all")
if [[ ! -e $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then options+=(-G Ninja); fi
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S . -B "$build" "${options[@]}" >"$build.log" || { cat "$build.log"; exit 1; }
rm "$build.log"
cmake --build "$build" --parallel 2 --target "${targets[@]/#/fuzz_}"

# shellcheck disable=SC2317 # xargs calls it.
fuzz() {
  local target=$1 seeds=() dictionary=() folder longest=1500
  mkdir -p "$build/corpus/$target" "$build/findings"
  for folder in "corpus/$target" "regressions/$target"; do
    if [[ -d tests/fuzz/$folder ]]; then seeds+=("tests/fuzz/$folder"); fi
  done
  if [[ $target == sse || $target == reply_* ]]; then seeds+=(tests/runners/cases/recordings); fi
  if [[ $target == decimal ]]; then longest=200; fi
  if [[ -e tests/fuzz/$target.dict ]]; then dictionary=("-dict=tests/fuzz/$target.dict"); fi
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len="$longest" -timeout=10 \
    -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1 "${dictionary[@]}" \
    -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "${seeds[@]}" \
    >"$build/$target.log" 2>&1 || true
}
export -f fuzz
export build seconds
mkdir -p "$build/findings"
touch "$build/began"
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'set -euo pipefail; fuzz {}'

failed=0
for target in "${targets[@]}"; do
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
  findings=$(find "$build/findings" -name "$target-*" -newer "$build/began" | wc -l)
  printf '%-20s %10s executions, %s findings\n' "$target" "${executions:-0}" "$findings"
  # Without its figures it did not run to its end, whatever the reason.
  if [[ $findings != 0 || -z $executions ]]; then
    failed=1
    grep -E -A 12 'broken promise|ERROR: |runtime error' "$build/$target.log" | head -40 || tail -5 "$build/$target.log"
  fi
done
# 3: something was found. 1, from above: it could not be built or run.
exit $((failed * 3))
