# SPDX-License-Identifier: MIT
# cmake -DINCLUDE=<include folder> -DCOMPILERS=<list> -DWORK=<folder> -P check_headers.cmake
#
# Each public header compiles by itself, without a warning, with each compiler (the first one reads C++17, the
# last C++20); all of them after the macros of hostile hosts, in both; and those for C as C99.

cmake_minimum_required(VERSION 3.20)
set(flags -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I${INCLUDE})
set(checked 0)

function(compile compiler file what)
  execute_process(COMMAND ${compiler} ${flags} ${ARGN} ${file}
    RESULT_VARIABLE failed ERROR_VARIABLE errors)
  if(failed)
    message(SEND_ERROR "${compiler} ${ARGN}: ${what}\n${errors}")
  endif()
  math(EXPR count "${checked} + 1")
  set(checked ${count} PARENT_SCOPE)
endfunction()

file(GLOB headers RELATIVE ${INCLUDE} ${INCLUDE}/tally/*)
list(SORT headers)
file(MAKE_DIRECTORY ${WORK})

# The standard headers come before the macros, which would break them too; which ones, tally's tell.
set(standard "")
foreach(header IN LISTS headers)
  file(STRINGS ${INCLUDE}/${header} includes REGEX "^#include <")
  list(APPEND standard ${includes})
endforeach()
list(REMOVE_DUPLICATES standard)
list(JOIN standard "\n" standard)
set(hostile "${standard}\n#include \"${CMAKE_CURRENT_LIST_DIR}/hostile_macros.h\"\n")

foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER ${header} name)
  file(WRITE ${WORK}/${name}.cpp "#include \"${header}\"\n#include \"${header}\"\nextern int not_empty;\n")
  string(APPEND hostile "#include \"${header}\"\n")
endforeach()
file(WRITE ${WORK}/hostile.cpp "${hostile}")

list(GET COMPILERS 0 reads_cxx17)
list(GET COMPILERS -1 reads_cxx20)
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER ${header} name)
  compile(${reads_cxx17} ${WORK}/${name}.cpp "${header} by itself" -std=c++17)
  compile(${reads_cxx20} ${WORK}/${name}.cpp "${header} by itself" -std=c++20)
endforeach()
foreach(compiler IN LISTS COMPILERS)
  foreach(standard IN ITEMS -std=c++17 -std=c++20)
    compile(${compiler} ${WORK}/hostile.cpp "all headers after hostile macros" ${standard})
  endforeach()
  foreach(header IN LISTS headers)
    if(header MATCHES "\\.h$")
      string(MAKE_C_IDENTIFIER ${header} name)
      compile(${compiler} ${WORK}/${name}.cpp "${header} as C" -xc -std=c99)
    endif()
  endforeach()
endforeach()

if(checked EQUAL 0)
  message(FATAL_ERROR "nothing was compiled")
endif()
message(STATUS "${checked} compilations, by: ${COMPILERS}")
