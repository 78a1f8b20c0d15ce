# SPDX-License-Identifier: MIT
# cmake -DINPUT=prices.json -DOUTPUT=builtin_catalog.cpp -P embed.cmake
#
# Writes the text into a source file, as embed.py does, byte for byte. In pieces, because MSVC takes no
# string literal beyond 16,000 bytes; cut at line ends, so that no UTF-8 character is split.

set(piece_bytes 12000)
file(READ ${INPUT} text)
set(pieces "")
string(LENGTH "${text}" left)
while(left GREATER 0)
  string(SUBSTRING "${text}" 0 ${piece_bytes} piece)
  if(left GREATER piece_bytes)
    string(FIND "${piece}" "\n" last_line_end REVERSE)
    if(last_line_end EQUAL -1)
      message(FATAL_ERROR "${INPUT}: a line is longer than ${piece_bytes} bytes")
    endif()
    math(EXPR size "${last_line_end} + 1")
    string(SUBSTRING "${text}" 0 ${size} piece)
  endif()
  string(LENGTH "${piece}" size)
  string(SUBSTRING "${text}" ${size} -1 text)
  string(LENGTH "${text}" left)
  string(APPEND pieces "    R\"json(${piece})json\",\n")
endwhile()

file(WRITE ${OUTPUT} "// SPDX-License-Identifier: MIT
// Generated from src/pricing/prices.json; edit that.
#include \"pricing/builtin_catalog.hpp\"

namespace tally {
inline namespace TALLY_ABI {
namespace {

const char* const pieces[] = {
${pieces}};

}  // namespace

std::string builtin_catalog_text() {
  std::string text;
  for (const char* piece : pieces) text += piece;
  return text;
}

}  // namespace TALLY_ABI
}  // namespace tally
")
