// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#if defined(__MINGW32__)
// It frees the memory of a thread's objects before it destroys them, and doctest has streams there.
#define DOCTEST_THREAD_LOCAL
#endif
#include <doctest/doctest.h>
