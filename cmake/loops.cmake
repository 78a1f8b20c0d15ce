# SPDX-License-Identifier: MIT

# tally_loops: those of glib, libuv and qt that are installed, for the examples and their tests. The
# library itself knows none of them.

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(TALLY_GLIB QUIET IMPORTED_TARGET glib-2.0)
  pkg_check_modules(TALLY_LIBUV QUIET IMPORTED_TARGET libuv)
endif()
find_package(Qt6 QUIET COMPONENTS Core)

set(tally_loop_glib PkgConfig::TALLY_GLIB)
set(tally_loop_libuv PkgConfig::TALLY_LIBUV)
set(tally_loop_qt Qt6::Core)
set(tally_loops "")
foreach(loop IN ITEMS glib libuv qt)
  if(TARGET ${tally_loop_${loop}})
    list(APPEND tally_loops ${loop})
  endif()
endforeach()
