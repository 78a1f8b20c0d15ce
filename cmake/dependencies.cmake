# SPDX-License-Identifier: MIT
# A target that the host project made comes first: two copies of libcurl in one process clash.

set(tally_minimum_curl 7.87)

if(NOT TARGET CURL::libcurl)
  find_package(CURL)
  if(NOT CURL_FOUND)
    message(FATAL_ERROR "tally needs libcurl ${tally_minimum_curl} or newer, and found none. "
      "Debian and Ubuntu: apt-get install libcurl4-openssl-dev. "
      "Or make a target CURL::libcurl before tally is added.")
  endif()
  if(CURL_VERSION_STRING VERSION_LESS tally_minimum_curl)
    message(FATAL_ERROR "tally needs libcurl ${tally_minimum_curl} or newer, "
      "and found ${CURL_VERSION_STRING} (${CURL_INCLUDE_DIRS}).")
  endif()
endif()

# The ledger on disk is inside tally, where SQLite is found.
set(TALLY_WITH_SQLITE AUTO CACHE STRING "A ledger on disk: AUTO (where SQLite is found), ON, OFF")
set_property(CACHE TALLY_WITH_SQLITE PROPERTY STRINGS AUTO ON OFF)
set(tally_minimum_sqlite 3.37)  # STRICT tables.
set(tally_has_sqlite OFF)
if(TALLY_WITH_SQLITE OR TALLY_WITH_SQLITE STREQUAL "AUTO")
  if(NOT TARGET SQLite::SQLite3)
    find_package(SQLite3 ${tally_minimum_sqlite} QUIET)
  endif()
  if(TARGET SQLite::SQLite3)
    set(tally_has_sqlite ON)
  elseif(TALLY_WITH_SQLITE STREQUAL "AUTO")
    message(STATUS "tally is built without a ledger on disk: no SQLite ${tally_minimum_sqlite} or "
      "newer. Debian and Ubuntu: apt-get install libsqlite3-dev.")
  else()
    message(FATAL_ERROR "TALLY_WITH_SQLITE is ON, and there is no SQLite ${tally_minimum_sqlite} or "
      "newer. Debian and Ubuntu: apt-get install libsqlite3-dev. "
      "Or make a target SQLite::SQLite3 before tally is added.")
  endif()
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.9 QUIET)
  if(NOT nlohmann_json_FOUND)
    message(FATAL_ERROR "tally needs nlohmann_json 3.9 or newer, and found none. "
      "Debian and Ubuntu: apt-get install nlohmann-json3-dev. "
      "Or make a target nlohmann_json::nlohmann_json before tally is added.")
  endif()
endif()
