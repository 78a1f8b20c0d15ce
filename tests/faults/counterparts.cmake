# SPDX-License-Identifier: MIT

# Programs that others wrote, and the manners of a guest in somebody's process.
find_program(TALLY_NGINX nginx)
find_program(TALLY_OPENSSL openssl)
find_program(TALLY_TINYPROXY tinyproxy)
find_program(TALLY_MICROSOCKS microsocks)

add_library(tally_fault_tools STATIC nginx.cpp outputs.cpp programs.cpp)
target_link_libraries(tally_fault_tools PUBLIC tally_test_base tally_loopback)
target_compile_definitions(tally_fault_tools PUBLIC
  TALLY_NGINX="${TALLY_NGINX}" TALLY_OPENSSL="${TALLY_OPENSSL}" TALLY_TINYPROXY="${TALLY_TINYPROXY}"
  TALLY_MICROSOCKS="${TALLY_MICROSOCKS}")

# tally_fault_test(<program> <test name> [CASES <pattern>] [NEEDS <variable of a found program>...])
function(tally_fault_test program name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "CASES" "NEEDS")
  if(NOT TARGET ${program})
    add_executable(${program} ../unit/main.cpp ${program}.cpp)
    target_link_libraries(${program} PRIVATE tally_fault_tools ${CMAKE_DL_LIBS})
  endif()
  set(command ${program})
  if(arg_CASES)
    list(APPEND command --test-case=${arg_CASES})
  endif()
  foreach(needed IN LISTS arg_NEEDS)
    if(NOT ${needed})
      set(command ${CMAKE_COMMAND} "-DWHY=${needed} is not found"
        -P ${PROJECT_SOURCE_DIR}/tests/skip.cmake)
    endif()
  endforeach()
  add_test(NAME faults.${name} COMMAND ${command})
  set_tests_properties(faults.${name} PROPERTIES LABELS faults TIMEOUT 300
    SKIP_REGULAR_EXPRESSION "^skipped:")
endfunction()

tally_fault_test(real_servers_test nginx CASES "nginx:*" NEEDS TALLY_NGINX TALLY_OPENSSL)
tally_fault_test(real_servers_test tinyproxy CASES "tinyproxy:*"
  NEEDS TALLY_NGINX TALLY_OPENSSL TALLY_TINYPROXY)
tally_fault_test(real_servers_test microsocks CASES "microsocks:*" NEEDS TALLY_MICROSOCKS)
tally_fault_test(slow_dns_test slow_dns)
set_tests_properties(faults.slow_dns PROPERTIES LABELS "faults;hosts")
target_sources(slow_dns_test PRIVATE slow_names.cpp)  # Its `getaddrinfo` comes before the system's.
tally_fault_test(soak_test soak)
tally_fault_test(flood_test flood)

tally_fault_test(manners_test manners)
add_executable(exit_with_stream exit_with_stream.cpp)
target_link_libraries(exit_with_stream PRIVATE tally_test_base)
target_compile_definitions(manners_test PRIVATE
  TALLY_EXIT_WITH_STREAM="$<TARGET_FILE:exit_with_stream>")
add_dependencies(manners_test exit_with_stream)
