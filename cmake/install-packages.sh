#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install-packages.sh <Debian package>...
#
# Installs what is missing through the system's package manager, and says what. Where that is not apt, it
# names the packages to install and stops; TALLY_PACKAGES_ARE_THERE=1 says that they are.
set -euo pipefail

if [[ ${TALLY_PACKAGES_ARE_THERE:-0} == 1 ]]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
  cat <<MESSAGE
This system has no apt-get. Please install what tally needs to build and test, then run this again with
TALLY_PACKAGES_ARE_THERE=1 (neither list is tested):
  Fedora: sudo dnf install gcc-c++ cmake ninja-build ccache pkgconf-pkg-config meson libcurl-devel \\
            sqlite-devel json-devel doctest-devel cpp-httplib-devel
  macOS:  brew install cmake ninja ccache pkg-config meson curl sqlite nlohmann-json doctest cpp-httplib
MESSAGE
  exit 1
fi

missing=()
for package in "$@"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} == 0 ]]; then
  echo "Packages: all $# that are needed are installed."
  exit 0
fi

as_root=()
if [[ $(id -u) != 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Please install as root: apt-get install ${missing[*]}"
    exit 1
  fi
  as_root=(sudo)
fi
echo "Packages: installing ${missing[*]} (apt-get${as_root[*]:+, by ${as_root[*]}})"
"${as_root[@]}" apt-get update -qq || echo "apt-get update failed; going on with the lists there are."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
