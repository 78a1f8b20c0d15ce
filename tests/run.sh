#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/run.sh [-Dname=value ...]
#
# Builds tally and runs all of its tests, on a fresh machine too: installs what is missing (Debian, Ubuntu;
# it says what), builds Release in build-tests/, runs ctest. Arguments go to CMake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake/install-packages.sh g++ cmake ninja-build ccache pkg-config meson \
  libcurl4-openssl-dev libsqlite3-dev nlohmann-json3-dev doctest-dev libcpp-httplib-dev

build=build-tests
jobs=$(getconf _NPROCESSORS_ONLN)
options=(-DCMAKE_BUILD_TYPE=Release -DTALLY_BUILD_TESTS=ON -DTALLY_BUILD_EXAMPLES=ON)
# A build folder keeps the generator that it was made with.
if [[ ! -e $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then options+=(-G Ninja); fi
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

echo "Configuring in $build/"
cmake -S . -B "$build" "${options[@]}" "$@"
echo "Building, $jobs jobs"
cmake --build "$build" --parallel "$jobs"
echo "Testing"
ctest --test-dir "$build" --output-on-failure --parallel "$jobs"
echo "All tests passed."
