# SPDX-License-Identifier: MIT
# cmake -DSTRIP=<strip> -DLIBRARY=<libtally_c.so> -DCOPY=<file> -DMOST=<bytes> -P print_size.cmake
#
# The size of the C ABI's library as it would be shipped. libcurl and SQLite are not in it.

cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND ${STRIP} -o ${COPY} ${LIBRARY} COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${COPY} bytes)
message(STATUS "${LIBRARY}, stripped: ${bytes} bytes")
if(bytes GREATER MOST)
  message(FATAL_ERROR "more than ${MOST} bytes")
endif()
