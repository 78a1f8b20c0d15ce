// SPDX-License-Identifier: MIT
#ifndef TALLY_VERSION_H
#define TALLY_VERSION_H

// The one place where the version stands; CMake and meson read these three lines.
#define TALLY_VERSION_MAJOR 0
#define TALLY_VERSION_MINOR 1
#define TALLY_VERSION_PATCH 0

#define TALLY_STRING_OF_(x) #x
#define TALLY_STRING_OF(x) TALLY_STRING_OF_(x)
#define TALLY_VERSION                  \
  TALLY_STRING_OF(TALLY_VERSION_MAJOR) \
  "." TALLY_STRING_OF(TALLY_VERSION_MINOR) "." TALLY_STRING_OF(TALLY_VERSION_PATCH)

// The inline namespace of every C++ name, "v0_1": the C++ ABI holds within one minor version, so a
// program compiled against another minor fails to link instead of misreading a struct.
#define TALLY_PASTE_ABI_(major_, minor_) v##major_##_##minor_
#define TALLY_PASTE_ABI(major_, minor_) TALLY_PASTE_ABI_(major_, minor_)
#define TALLY_ABI TALLY_PASTE_ABI(TALLY_VERSION_MAJOR, TALLY_VERSION_MINOR)

#endif
