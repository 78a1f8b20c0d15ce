// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "c_api/arguments.hpp"
#include "tally/c_api.h"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

constexpr std::int32_t code_of(ErrorKind kind) {
  return kind == ErrorKind::out_of_memory ? TALLY_E_OUT_OF_MEMORY
                                          : -1 - static_cast<std::int32_t>(kind);
}

/// Fills `error`, where there is one, and returns `code`. Allocates nothing.
std::int32_t fail(tally_error* error, std::int32_t code, std::string_view message);
std::int32_t fail(tally_error* error, const Error& reason);

/// The whole of `reason` as a struct of C's, however large the caller's is.
tally_error error_of(const Error& reason);

/// Not NULL, and no struct of this header's either: nothing can be written into it.
bool is_unusable(const tally_error* error);

/// Runs the body of a function of the C ABI: what it answers is returned, its error reported, and
/// no exception leaves it. Of an unusable `error` the body hears as of any wrong argument, so that
/// it sets back what it would answer into.
template <class Body>
std::int32_t at_boundary(tally_error* error, Body body) noexcept {
  tally_error* const told = is_unusable(error) ? nullptr : error;
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
#endif
    Arguments arguments;
    if (told != error) arguments.refuse("error", "has a wrong struct_size: initialise it");
    Result<std::int32_t> done = body(arguments);
    return done ? *done : fail(told, done.error());
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  } catch (const std::bad_alloc&) {
    return fail(told, TALLY_E_OUT_OF_MEMORY, "out of memory");
  } catch (...) {
    return fail(told, TALLY_E_INTERNAL, "an exception came out of a host's function, or of tally");
  }
#endif
}

/// The answer of a C++ function that has none but its errors.
inline Result<std::int32_t> done(Result<void> result) {
  if (!result) return std::move(result).error();
  return TALLY_OK;
}

}  // namespace TALLY_ABI
}  // namespace tally
