# SPDX-License-Identifier: MIT
# The ledger's store in PostgreSQL is a library of its own: whoever does without it needs no libpq.

set(TALLY_WITH_POSTGRES AUTO CACHE STRING "Build tally::postgres: AUTO (where libpq is found), ON, OFF")
set_property(CACHE TALLY_WITH_POSTGRES PROPERTY STRINGS AUTO ON OFF)
set(tally_minimum_libpq 14)  # Pipeline mode.

set(tally_has_postgres OFF)
if(TALLY_WITH_POSTGRES)  # AUTO is neither true nor false to CMake.
  set(tally_wants_postgres REQUIRED)
elseif(TALLY_WITH_POSTGRES STREQUAL "AUTO")
  set(tally_wants_postgres QUIET)
else()
  return()
endif()

if(NOT TARGET PostgreSQL::PostgreSQL)
  find_package(PostgreSQL ${tally_minimum_libpq} ${tally_wants_postgres})
endif()
if(NOT TARGET PostgreSQL::PostgreSQL)
  message(STATUS "tally::postgres is not built: no libpq ${tally_minimum_libpq} or newer. "
    "Debian and Ubuntu: apt-get install libpq-dev.")
  return()
endif()
set(tally_has_postgres ON)

add_library(tally_postgres ${TALLY_POSTGRES_SOURCES})
add_library(tally::postgres ALIAS tally_postgres)
target_include_directories(tally_postgres PRIVATE src)
target_link_libraries(tally_postgres PUBLIC tally PRIVATE PostgreSQL::PostgreSQL)
target_compile_definitions(tally_postgres PRIVATE TALLY_BUILDING)
set_target_properties(tally_postgres PROPERTIES
  EXPORT_NAME postgres
  OUTPUT_NAME tally-postgres
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  CXX_EXTENSIONS OFF
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)
if(tally_is_top_level)
  target_compile_options(tally_postgres PRIVATE ${tally_warnings})
endif()
if(tally_type STREQUAL "SHARED_LIBRARY")
  # What a shared tally hides is taken from its static twin: only those object files that are needed.
  target_link_libraries(tally_postgres PRIVATE $<BUILD_INTERFACE:tally_internal>)
  # libtally lies beside it, also in a tree that was moved; a program's own run path does not count for
  # what its libraries need.
  if(APPLE)
    set_target_properties(tally_postgres PROPERTIES INSTALL_RPATH "@loader_path")
  elseif(UNIX)
    set_target_properties(tally_postgres PROPERTIES INSTALL_RPATH "$ORIGIN")
    target_link_options(tally_postgres PRIVATE LINKER:-z,defs LINKER:--exclude-libs,ALL)
  endif()
endif()
