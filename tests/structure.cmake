# SPDX-License-Identifier: MIT
# Tests that build nothing of tally's, or build it in another way: the rules of the tree, the headers by
# themselves, and consumers of what is installed. Each is a script that says how to run it by hand.

find_program(TALLY_PYTHON python3)
find_program(TALLY_MESON meson)
find_program(TALLY_PKG_CONFIG pkg-config)
find_program(TALLY_GXX g++)
find_program(TALLY_CLANGXX clang++)
set(work ${CMAKE_CURRENT_BINARY_DIR})
set(compilers ${TALLY_GXX} ${TALLY_CLANGXX})
list(FILTER compilers EXCLUDE REGEX NOTFOUND)
if(NOT compilers)
  set(compilers ${CMAKE_CXX_COMPILER})
endif()

# tally_script_test(<name> <script> [NEEDS <variable of a found program>...] ARGS <-Dname=value>...)
# A test whose programs are missing is skipped, which TALLY_REQUIRE_ALL=1 turns into a failure.
function(tally_script_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "NEEDS;ARGS")
  foreach(program IN LISTS arg_NEEDS)
    if(NOT ${program})
      set(script skip.cmake)
      set(arg_ARGS "-DWHY=${program} is not found")
    endif()
  endforeach()
  add_test(NAME ${name}
    COMMAND ${CMAKE_COMMAND} ${arg_ARGS} -P ${CMAKE_CURRENT_LIST_DIR}/${script})
  set_tests_properties(${name} PROPERTIES LABELS slice SKIP_REGULAR_EXPRESSION "^skipped:")
endfunction()

tally_script_test(layers layers/check_layers.cmake ARGS -DROOT=${PROJECT_SOURCE_DIR})
tally_script_test(layers.sees_violations layers/check_layers.cmake ARGS
  -DROOT=${CMAKE_CURRENT_SOURCE_DIR}/layers/broken
  -DEXPECTED=${CMAKE_CURRENT_SOURCE_DIR}/layers/broken/expected.txt)
tally_script_test(build_agreement.source_lists build_agreement/check_source_lists.cmake ARGS
  -DROOT=${PROJECT_SOURCE_DIR})
tally_script_test(build_agreement.embedding build_agreement/check_embedding.cmake
  NEEDS TALLY_PYTHON
  ARGS -DROOT=${PROJECT_SOURCE_DIR} -DPYTHON=${TALLY_PYTHON} -DWORK=${work}/build_agreement)
tally_script_test(headers headers/check_headers.cmake ARGS
  -DINCLUDE=${PROJECT_SOURCE_DIR}/include "-DCOMPILERS=${compilers}" -DWORK=${work}/headers)
tally_script_test(must_not_compile must_not_compile/check.cmake ARGS
  -DINCLUDE=${PROJECT_SOURCE_DIR}/include -DCOMPILER=${CMAKE_CXX_COMPILER})

if(BUILD_SHARED_LIBS)
  set(kind shared)
else()
  set(kind static)
endif()
set(multiarch_libdir lib)
if(CMAKE_LIBRARY_ARCHITECTURE)
  set(multiarch_libdir lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
tally_script_test(install install/check_install.cmake
  NEEDS TALLY_MESON TALLY_PKG_CONFIG
  ARGS -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR} -DKIND=${kind}
    -DCOMPILER=${CMAKE_CXX_COMPILER} -DLAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
    -DGENERATOR=${CMAKE_GENERATOR} -DLIBDIR=${multiarch_libdir}
    -DPKG_CONFIG=${TALLY_PKG_CONFIG} -DMESON=${TALLY_MESON} -DWORK=${work}/install)
# It builds with all cores by itself.
set_tests_properties(install PROPERTIES RUN_SERIAL ON TIMEOUT 1200)
