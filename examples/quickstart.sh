#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# quickstart.sh
#
# Builds tally and runs its main job: an answer streams in, and its exact bill comes with it. Works on a
# fresh machine: installs what is missing (Debian, Ubuntu; it says what), builds Release in
# build-quickstart/. With DEEPSEEK_API_KEY set it asks DeepSeek; without, a scripted server on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake/install-packages.sh g++ cmake make libcurl4-openssl-dev nlohmann-json3-dev libcpp-httplib-dev

build=build-quickstart
jobs=$(getconf _NPROCESSORS_ONLN)
echo "Configuring in $build/"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DTALLY_BUILD_TESTS=OFF -DTALLY_BUILD_EXAMPLES=ON
echo "Building, $jobs jobs"
cmake --build "$build" --parallel "$jobs" --target quickstart
echo "Running $build/examples/quickstart"
echo
exec "$build/examples/quickstart"
