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
  add_executable(c_api_out_of_memory_test ../unit/main.cpp out_of_memory_test.cpp
    out_of_memory_one_call_test.cpp shortage.cpp canned_host.c)
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

# Loaded and unloaded in one process; under valgrind where it is, which also sees what is lost.
if(UNIX AND NOT APPLE)
  add_executable(c_api_reload_test reload_test.cpp)
  target_compile_options(c_api_reload_test PRIVATE ${tally_warnings})
  target_include_directories(c_api_reload_test PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(c_api_reload_test PRIVATE tally_loopback ${CMAKE_DL_LIBS})
  add_dependencies(c_api_reload_test tally_c)
  find_program(TALLY_VALGRIND valgrind)
  set(reload $<TARGET_FILE:c_api_reload_test> $<TARGET_FILE:tally_c> 100)
  tally_c_test(reload_test COMMAND ${reload})
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    tally_c_test(reload_test.valgrind NEEDS TALLY_VALGRIND COMMAND ${TALLY_VALGRIND} -q
      --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9 ${reload})
    set_tests_properties(c_api.reload_test.valgrind PROPERTIES TIMEOUT 300)
  endif()
endif()
