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

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.9 QUIET)
  if(NOT nlohmann_json_FOUND)
    message(FATAL_ERROR "tally needs nlohmann_json 3.9 or newer, and found none. "
      "Debian and Ubuntu: apt-get install nlohmann-json3-dev. "
      "Or make a target nlohmann_json::nlohmann_json before tally is added.")
  endif()
endif()
