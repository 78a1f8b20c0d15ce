# SPDX-License-Identifier: MIT
# Calls over the C ABI: against the loopback provider, with wrong arguments, from hosts that
# do what they should not, and without memory.

add_executable(c_api_calls_test calls_test.c calls_main.cpp)
target_link_libraries(c_api_calls_test PRIVATE tally_c tally_loopback)
add_executable(c_api_bad_input_test bad_input_test.c)
target_link_libraries(c_api_bad_input_test PRIVATE tally_c)
add_executable(c_api_rude_host_test rude_host_test.c)
target_link_libraries(c_api_rude_host_test PRIVATE tally_c)
set(names calls_test bad_input_test rude_host_test)
if(NOT CMAKE_CXX_FLAGS MATCHES "-fno-exceptions")  # Such a build ends the process.
  add_executable(c_api_out_of_memory_test ../unit/main.cpp out_of_memory_test.cpp canned_host.c)
  target_link_libraries(c_api_out_of_memory_test PRIVATE tally_c)
  target_include_directories(c_api_out_of_memory_test SYSTEM PRIVATE ${TALLY_DOCTEST_INCLUDE_DIR})
  list(APPEND names out_of_memory_test)
endif()
foreach(name IN LISTS names)
  set_target_properties(c_api_${name} PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON)
  target_compile_features(c_api_${name} PRIVATE cxx_std_17)
  target_compile_options(c_api_${name} PRIVATE ${tally_warnings})
  tally_c_test(${name} COMMAND c_api_${name})
  set_tests_properties(c_api.${name} PROPERTIES TIMEOUT 300)
endforeach()
