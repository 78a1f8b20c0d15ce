// SPDX-License-Identifier: MIT
#pragma once

// Environment variables of this process, on any system.

#include <stdlib.h>

namespace environment {

inline void set(const char* name, const char* value) {
#if defined(_WIN32)
  _putenv_s(name, value);
#else
  ::setenv(name, value, 1);
#endif
}

inline void unset(const char* name) {
#if defined(_WIN32)
  _putenv_s(name, "");
#else
  ::unsetenv(name);
#endif
}

}  // namespace environment
