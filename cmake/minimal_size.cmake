# SPDX-License-Identifier: MIT
# TALLY_MINIMAL_SIZE: for hosts that ship tally::c. Exceptions and RTTI go, memory that runs out ends the
# process, and all is compiled as one. A static tally built so links with the same compiler only.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Without the last one g++ calls even the constructor that measures a string literal.
  add_compile_options(-Os --param=max-inline-insns-size=2)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Oz)
else()
  message(FATAL_ERROR "TALLY_MINIMAL_SIZE is for g++ and clang.")
endif()
add_compile_options(-fno-exceptions -fno-rtti -fno-asynchronous-unwind-tables
  -ffunction-sections -fdata-sections)
if(UNIX AND NOT APPLE)
  add_link_options(LINKER:--gc-sections)
endif()
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
