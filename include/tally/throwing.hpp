// SPDX-License-Identifier: MIT
#pragma once

// Opt-in: the only header that throws. Not usable with -fno-exceptions.

#include <stdexcept>
#include <utility>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// An `Error` as an exception; `what()` is its message.
class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// The value of `result`; throws `Exception` if it has none.
///
///     tally::Client client = tally::or_throw(tally::Client::open({key}));
template <class T, class E>
T or_throw(Result<T, E> result) {
  if (!result) throw Exception(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace TALLY_ABI
}  // namespace tally
