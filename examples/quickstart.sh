#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds tally and runs its main job: an answer streams in, and its exact bill is there with it.
# Installs what is missing through the system's package manager, and says what.
#
#   ./examples/quickstart.sh
#   DEEPSEEK_API_KEY=sk-... ./examples/quickstart.sh        asks DeepSeek itself
set -eu
cd "$(dirname "$0")/.."
build=build-quickstart

say() { printf '%s\n' "quickstart: $*"; }

has_header() { printf '#include <%s>\n' "$1" | c++ -x c++ -std=c++17 -fsyntax-only - 2>/dev/null; }

# The Debian packages of what is not there.
missing() {
  command -v cmake >/dev/null || echo cmake
  command -v make >/dev/null || command -v ninja >/dev/null || echo make
  if ! command -v c++ >/dev/null; then
    echo g++ libcurl4-openssl-dev nlohmann-json3-dev libcpp-httplib-dev
    return
  fi
  has_header curl/curl.h || echo libcurl4-openssl-dev
  has_header nlohmann/json.hpp || echo nlohmann-json3-dev
  has_header httplib.h || echo libcpp-httplib-dev
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "root is needed for: $*"
    exit 1
  fi
}

packages=$(missing | tr '\n' ' ')
if [ -n "$packages" ]; then
  if command -v apt-get >/dev/null; then
    say "installing with apt-get: $packages"
    as_root apt-get update -q
    # shellcheck disable=SC2086  # The words are package names.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
  else
    say "these are missing (Debian's names): $packages"
    say "Fedora: sudo dnf install gcc-c++ cmake make libcurl-devel json-devel cpp-httplib-devel"
    say "macOS:  xcode-select --install; brew install cmake curl nlohmann-json cpp-httplib"
    exit 1
  fi
fi

jobs=$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
say "building into $build/ with $jobs jobs"
mkdir -p $build
cmake -S . -B $build -DCMAKE_BUILD_TYPE=Release -DTALLY_BUILD_TESTS=OFF -DTALLY_BUILD_EXAMPLES=ON \
  >$build/configure.log 2>&1 || { cat $build/configure.log; exit 1; }
cmake --build $build --parallel "$jobs"
say "done; running $build/examples/quickstart"
echo
exec $build/examples/quickstart
