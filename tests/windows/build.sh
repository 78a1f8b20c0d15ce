#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/windows/build.sh [folder, else build-windows] [target ...]
#
# tally for 64-bit Windows, compiled on Debian 12 by mingw-w64, and run by Wine: installs what is missing,
# fetches the source of Debian's libcurl and makes a static one of it that speaks HTTP alone and takes its TLS
# from Windows (Schannel); builds tally, the C ABI as tally_c.dll, the example in C and tests/smoke_test; looks
# at what the DLL shows and needs; runs both programs. A second run does only what is left to do.
#
# With TALLY_WINDOWS_SQLITE=1 also the ledger on disk, with an SQLite of Debian's source.
# Further targets (unit_tests, integration_tests) are built, and run by hand:
#   tests/windows/wine.sh build-windows/tally/tests/unit_tests.exe
# Exit code 77: packages or sources could not be had, and nothing is said about tally.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p "${1:-build-windows}"
build=$(cd "${1:-build-windows}" && pwd)
targets=("${@:2}")
prefix=$build/prefix
target=x86_64-w64-mingw32
jobs=$(getconf _NPROCESSORS_ONLN)

say() { echo "--- Windows: $*"; }
cannot() {
  echo "skipped: $*"
  exit 77
}

packages() {
  cmake/install-packages.sh "$@" >"$build/packages.log" 2>&1 && return
  tail -n 3 "$build/packages.log"
  cannot "cannot install $*"
}

# debian_source <package>: its newest source in Debian 12, unpacked in $build/<package>. apt gets a list of
# sources of its own; the machine's stay as they are.
debian_source() {
  local apt=$build/apt
  mkdir -p "$apt/lists" "$apt/cache" "$apt/sources"
  cat >"$apt/sources/debian.sources" <<SOURCES
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  local options=(-o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$apt/sources"
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)")
  (
    cd "$apt" && rm -rf "$1"_* "${build:?}/$1" &&
      apt-get "${options[@]}" -q update &&
      apt-get "${options[@]}" -q --download-only source "$1" &&
      dpkg-source --no-check --extract "$1"_*.dsc "$build/$1"
  ) >"$build/$1.log" 2>&1 && return
  tail -n 3 "$build/$1.log"
  cannot "cannot fetch Debian's source of $1"
}

# By the makefile that libcurl ships for this: its CMake asks the compiler some 200 questions first.
libcurl() {
  debian_source curl
  say "compiling libcurl"
  mkdir -p "$build/curl/lib/$target"
  CC="ccache $target-gcc-posix" CFLAGS=-O1 CPPFLAGS="-DHTTP_ONLY -DCURL_STATICLIB" make -C "$build/curl/lib" -f Makefile.mk \
    TRIPLET=$target AR=$target-ar CFG=-schannel-sspi-ipv6 --jobs "$jobs" libcurl.a >>"$build/curl.log" 2>&1 ||
    cannot "libcurl does not compile: $build/curl.log"
  local package=$prefix/lib/cmake/CURL version
  mkdir -p "$package" "$prefix/include"
  cp -r "$build/curl/include/curl" "$prefix/include"
  version=$(sed -n 's/#define LIBCURL_VERSION "\(.*\)"/\1/p' "$prefix/include/curl/curlver.h")
  cat >"$package/CURLConfig.cmake" <<CONFIG
set(CURL_VERSION $version)
set(CURL_VERSION_STRING $version)
set(CURL_INCLUDE_DIRS $prefix/include)
if(NOT TARGET CURL::libcurl)
  add_library(CURL::libcurl STATIC IMPORTED)
  set_target_properties(CURL::libcurl PROPERTIES
    IMPORTED_LOCATION $prefix/lib/libcurl.a
    INTERFACE_INCLUDE_DIRECTORIES $prefix/include
    INTERFACE_COMPILE_DEFINITIONS CURL_STATICLIB
    INTERFACE_LINK_LIBRARIES "ws2_32;crypt32;bcrypt")
endif()
CONFIG
  cp "$build/curl/lib/libcurl.a" "$prefix/lib"  # Last: it says that all is there.
}

# The ledger on disk, if asked for: one file of C, made from Debian's source by a script in Tcl.
sqlite() {
  packages tcl gcc
  debian_source sqlite3
  say "compiling SQLite"
  (
    cd "$build/sqlite3" && ./configure --disable-tcl --disable-readline && make sqlite3.c &&
      ccache $target-gcc-posix -O1 -DSQLITE_OMIT_LOAD_EXTENSION -c sqlite3.c -o sqlite3.o &&
      cp sqlite3.h "$prefix/include" &&
      $target-ar rcs "$prefix/lib/libsqlite3.a" sqlite3.o
  ) >>"$build/sqlite3.log" 2>&1 || cannot "SQLite does not compile: $build/sqlite3.log"
}

say "packages"
packages g++-mingw-w64-x86-64-posix make cmake ninja-build ccache dpkg-dev nlohmann-json3-dev doctest-dev
if [[ ! -e $prefix/lib/libcurl.a ]]; then
  say "fetching the source of libcurl"
  libcurl
fi
ledger=OFF
if [[ ${TALLY_WINDOWS_SQLITE:-0} == 1 ]]; then
  ledger=ON
  targets+=(c_api_ledger_test ledger_folder_test)
  [[ -e $prefix/lib/libsqlite3.a ]] || sqlite
fi
# Headers alone, and so the same on every system.
for folder in include/nlohmann include/doctest share/cmake/nlohmann_json; do
  mkdir -p "$prefix/$(dirname $folder)"
  [[ -d $prefix/$folder ]] || cp -r "/usr/$folder" "$prefix/$folder"
done
# Debian's package has a part of it compiled, for Debian; its source is one header.
if [[ " ${targets[*]} " == *" integration_tests "* && ! -e $prefix/include/httplib.h ]]; then
  say "fetching the source of cpp-httplib"
  debian_source cpp-httplib
  cp "$build/cpp-httplib/httplib.h" "$prefix/include"
fi

say "configuring"
cmake -S . -B "$build/tally" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw-w64.cmake" \
  -DCMAKE_FIND_ROOT_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_COMPILE_WARNING_AS_ERROR=ON \
  -DTALLY_BUILD_EXAMPLES=OFF -DTALLY_WITH_SQLITE=$ledger -DTALLY_WITH_POSTGRES=OFF >"$build/configure.log" 2>&1 ||
  { tail -n 20 "$build/configure.log" && false; }
say "building, $jobs jobs"
cmake --build "$build/tally" --parallel "$jobs" \
  --target tally tally_c chat_c stays_loaded_test smoke_test "${targets[@]}"

say "what the DLL shows and loads"
cmake -DOBJDUMP=$target-objdump -DLIBRARY="$build/tally/tally_c.dll" -DSYMBOLS=tests/c_api/symbols.txt \
  -P tests/windows/check_dll.cmake

if ! (packages wine wine64); then
  say "built, and not run: there is no Wine"
  exit 0
fi
export WINEPREFIX=$build/wine
trap 'wineserver --kill >/dev/null 2>&1 || true' EXIT  # It would stay for a while, and hold the folder.
# A program that hangs is a failure like others.
run() { timeout 180 "$@" || { echo "failed: $*" && exit 1; }; }
say "tests/smoke_test.exe, by $(wine --version 2>/dev/null)"
run tests/windows/wine.sh "$build/tally/tests/smoke_test.exe"
say "a plugin that lets go of tally_c.dll, by Wine"
run tests/windows/wine.sh "$build/tally/tests/windows/stays_loaded_test.exe" "$build/tally/tally_c.dll"
cp -u "$build/tally/tally_c.dll" "$build/tally/tests/windows"
if [[ $ledger == ON ]]; then
  say "a ledger on disk, by Wine"
  rm -rf "$build/ledger"
  mkdir "$build/ledger"
  (cd "$build/ledger" && run "$OLDPWD/tests/windows/wine.sh" "$build/tally/tests/windows/c_api_ledger_test.exe" ledger.db)
  (cd "$build/ledger" && run "$OLDPWD/tests/windows/wine.sh" "$build/tally/tests/windows/ledger_folder_test.exe")
fi
# The provider and what is expected of every binding: made by tests/run.sh.
bindings=${TALLY_BINDINGS_TEST:-build-tests/tests/hosts/bindings_test}
if [[ -x $bindings ]]; then
  say "examples/bindings/chat.c, by Wine, against the loopback provider"
  export TALLY_BINDING="$PWD/tests/windows/wine.sh $build/tally/tests/windows/chat_c.exe"
  run "$bindings"
else
  say "chat_c.exe is not run: $bindings is made by tests/run.sh"
fi
say "built in $build/tally: libtally.a, tally_c.dll, libtally_c.dll.a, tests/windows/chat_c.exe, tests/smoke_test.exe"
