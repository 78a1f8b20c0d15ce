# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=<function_table> -DSAMPLE=<folder> -P check_table_sample.cmake
#
# Tests the test: what is wrong with the sample is found, each thing once.

cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND ${PROGRAM} ${SAMPLE} ${SAMPLE}/functions.txt
  RESULT_VARIABLE result OUTPUT_VARIABLE output)
file(READ ${SAMPLE}/expected.txt expected)
if(NOT result EQUAL 1 OR NOT output STREQUAL expected)
  message(FATAL_ERROR "found:\n${output}\nexpected:\n${expected}")
endif()
