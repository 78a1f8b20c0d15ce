// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
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

/// What stands between the two languages: `body(closure, arguments)` is run, what it answers is
/// returned, its error reported, and no exception leaves it.
using BoundaryBody = Result<std::int32_t> (*)(void* closure, Arguments& given);
std::int32_t run_at_boundary(tally_error* error, BoundaryBody body, void* closure) noexcept;

/// The same for a lambda. All that is not its own is there once, not in each function of the ABI.
template <class Body>
std::int32_t at_boundary(tally_error* error, Body body) noexcept {
  const auto call = [](void* closure, Arguments& given) -> Result<std::int32_t> {
    return (*static_cast<Body*>(closure))(given);
  };
  return run_at_boundary(error, call, &body);
}

/// The answer of a C++ function that has none but its errors.
inline Result<std::int32_t> done(Result<void> result) {
  if (!result) return std::move(result).error();
  return TALLY_OK;
}

}  // namespace TALLY_ABI
}  // namespace tally
