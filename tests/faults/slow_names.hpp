// SPDX-License-Identifier: MIT
#pragma once

// A name service for tests: slow_names.cpp stands before the system's `getaddrinfo` in the program
// that it is linked into. Names in `.invalid` it answers itself, by their first word:
//
//     nobody     there is no such name
//     broken     the name service fails
//     silent     answers when nobody waits any more (after 1.5 s)
//     slow       127.0.0.1, after 100 ms
//     elsewhere  127.0.0.2, where nobody listens

#include <cstdint>

namespace faults {

/// Lookups of names in `.invalid` with that number in their second word: `silent.17.invalid`.
std::uint64_t lookups_of(int number);

}  // namespace faults
