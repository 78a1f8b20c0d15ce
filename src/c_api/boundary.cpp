// SPDX-License-Identifier: MIT
#include "c_api/boundary.hpp"

#include <cstring>
#include <new>

namespace tally {
inline namespace TALLY_ABI {

namespace {

/// As much of `text` as fits, ended by a NUL, and never half a character.
template <std::size_t size>
void copy(char (&to)[size], std::string_view text) {
  std::size_t length = text.size() < size ? text.size() : size - 1;
  while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
  if (length > 0) std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

/// Not NULL, and no struct of this header's either: nothing can be written into it.
bool is_unusable(const tally_error* error) {
  return error != nullptr && !is_size_of<tally_error>(error->struct_size);
}

}  // namespace

std::int32_t fail(tally_error* error, std::int32_t code, std::string_view message) {
  if (error == nullptr) return code;
  tally_error filled{};
  filled.code = code;
  copy(filled.message, message);
  give(error, filled);
  return code;
}

tally_error error_of(const Error& reason) {
  tally_error filled{};
  filled.struct_size = sizeof(filled);
  filled.code = code_of(reason.kind);
  filled.http_status = reason.http_status;
  filled.retry_may_help = reason.retry_may_help;
  filled.charge_possible = reason.charge_possible;
  filled.clock = static_cast<std::int32_t>(reason.clock);
  copy(filled.message, reason.message);
  copy(filled.provider_code, reason.provider_code);
  copy(filled.request_id, reason.request_id);
  return filled;
}

std::int32_t fail(tally_error* error, const Error& reason) {
  if (error != nullptr) give(error, error_of(reason));
  return code_of(reason.kind);
}

// Of an unusable `error` the body hears as of any wrong argument, so that it sets back what it
// would answer into.
std::int32_t run_at_boundary(tally_error* error, BoundaryBody body, void* closure) noexcept {
  tally_error* const told = is_unusable(error) ? nullptr : error;
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
#endif
    Arguments arguments;
    if (told != error) arguments.refuse("error", "has a wrong struct_size: initialise it");
    const Result<std::int32_t> done = body(closure, arguments);
    return done ? *done : fail(told, done.error());
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  } catch (const std::bad_alloc&) {
    return fail(told, TALLY_E_OUT_OF_MEMORY, "out of memory");
  } catch (...) {
    return fail(told, TALLY_E_INTERNAL, "an exception came out of a host's function, or of tally");
  }
#endif
}

}  // namespace TALLY_ABI
}  // namespace tally
