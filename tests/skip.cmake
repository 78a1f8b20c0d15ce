# SPDX-License-Identifier: MIT
# cmake -DWHY=<reason> -P skip.cmake
if("$ENV{TALLY_REQUIRE_ALL}" STREQUAL "1")
  message(FATAL_ERROR "TALLY_REQUIRE_ALL=1, and ${WHY}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${WHY}")
