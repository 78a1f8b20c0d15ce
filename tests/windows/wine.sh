#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/windows/wine.sh <program.exe> [argument ...]
#
# Runs a Windows program by Wine, and prints with the line ends of here. Wine keeps its settings in WINEPREFIX,
# build-windows/wine unless that says otherwise, and not in its user's home. It is to offer no .NET and no HTML,
# and no debugger: with one, a program that crashes in a thread ends with 0.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export WINEPREFIX=${WINEPREFIX:-$here/../../build-windows/wine}
export WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES="mscoree,mshtml,winedbg.exe="
mkdir -p "$WINEPREFIX"
WINEPREFIX=$(cd "$WINEPREFIX" && pwd)
if [[ ! -e $WINEPREFIX/system.reg ]]; then wine wineboot --init >"$WINEPREFIX/init.log" 2>&1; fi
wine "$@" | tr -d '\r'
