# SPDX-License-Identifier: MIT
"""python3 embed.py prices.json builtin_catalog.cpp

Does for meson what embed.cmake does for CMake, byte for byte; the reasons stand there.
"""
import sys

PIECE_BYTES = 12000

TEMPLATE = b'''// SPDX-License-Identifier: MIT
// Generated from src/pricing/prices.json; edit that.
#include "pricing/builtin_catalog.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

const char* const pieces[] = {
%s};

}  // namespace

std::string builtin_catalog_text() {
  std::string text;
  for (const char* piece : pieces) text += piece;
  return text;
}

}  // namespace TALLY_ABI
}  // namespace tally
'''


def pieces_of(text):
    while text:
        size = len(text)
        if size > PIECE_BYTES:
            size = text.rfind(b"\n", 0, PIECE_BYTES) + 1
            if size == 0:
                sys.exit(f"{sys.argv[1]}: a line is longer than {PIECE_BYTES} bytes")
        yield text[:size]
        text = text[size:]


def main():
    with open(sys.argv[1], "rb") as source:
        text = source.read()
    pieces = b"".join(b'    R"json(' + piece + b')json",\n' for piece in pieces_of(text))
    with open(sys.argv[2], "wb") as out:
        out.write(TEMPLATE % pieces)


main()
