// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tally/budget.hpp"
#include "tally/c_api.h"
#include "tally/error.hpp"
#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a struct measured in its first version; less was never valid. Who appends a field gives its
/// struct a line of its own here, with the size that it had before.
template <class Struct>
inline constexpr std::uint32_t first_size = sizeof(Struct);

/// A size beyond this is a struct that nobody initialised.
inline constexpr std::uint32_t largest_struct = 1u << 16;

template <class Struct>
constexpr bool is_size_of(std::uint32_t size) {
  return size >= first_size<Struct> && size <= largest_struct;
}

/// `value` into the caller's struct, as far as that reaches. Its size stays.
template <class Struct>
void give(Struct* out, const Struct& value) {
  if (out == nullptr) return;
  const std::uint32_t size = out->struct_size;
  std::memcpy(out, &value, size < sizeof(Struct) ? size : sizeof(Struct));
  out->struct_size = size;
}

/// Some of the caller's structs, texts or pairs.
template <class T>
struct Items {
  const T* first = nullptr;
  std::size_t count = 0;
  const T* begin() const { return first; }
  const T* end() const { return first + count; }
};

/// Reads what a caller of the C ABI gave, and keeps the first error; what it answers after one is
/// empty. Each argument has the name that the message gives it.
class Arguments {
 public:
  bool good() const { return !error_; }
  const Error& error() const { return *error_; }
  void refuse(std::string_view name, std::string_view why);

  void pointer(const void* given, std::string_view name) {
    if (given == nullptr) refuse(name, "is NULL");
  }

  /// A handle that has to be there. Its kind stands at its beginning, whatever it is.
  template <class Handle>
  void handle(const Handle* given, std::string_view name) {
    pointer(given, name);
    if (given != nullptr) optional_handle(given, name);
  }
  template <class Handle>
  void optional_handle(const Handle* given, std::string_view name) {
    if (given != nullptr && given->kind != Handle::own_kind) refuse(name, "is another handle");
  }

  /// Where a handle is to be put: NULL until there is one.
  template <class Handle>
  void out(Handle** given, std::string_view name) {
    pointer(given, name);
    if (given != nullptr) *given = nullptr;
  }

  /// A struct that goes in; what a smaller one lacks is 0.
  template <class Struct>
  Struct in(const Struct* given, std::string_view name) {
    Struct read{};
    pointer(given, name);
    if (given == nullptr || !has_size<Struct>(given->struct_size, name)) return read;
    std::memcpy(&read, given, std::min<std::size_t>(given->struct_size, sizeof(Struct)));
    return read;
  }
  template <class Struct>
  std::optional<Struct> optional_in(const Struct* given, std::string_view name) {
    if (given == nullptr) return std::nullopt;
    return in(given, name);
  }

  /// A struct of the caller's that an answer goes into: all 0 until there is one.
  template <class Struct>
  void answer(Struct* given, std::string_view name) {
    pointer(given, name);
    optional_answer(given, name);
  }
  template <class Struct>
  void optional_answer(Struct* given, std::string_view name) {
    if (given != nullptr && has_size<Struct>(given->struct_size, name)) give(given, Struct{});
  }

  /// Where a plain value is to be put: 0 until there is one. Inputs that it may be one of are read
  /// before.
  template <class Value>
  void value(Value* given, std::string_view name) {
    pointer(given, name);
    optional_value(given);
  }
  template <class Value>
  void optional_value(Value* given) {
    if (given != nullptr) *given = Value{};
  }

  /// UTF-8; lives as long as the caller's.
  std::string_view text(const char* data, std::uint64_t size, std::string_view name);
  std::string_view text(const tally_text& given, std::string_view name) {
    return text(given.data, given.size, name);
  }
  std::string string(const tally_text& given, std::string_view name) {
    return std::string(text(given, name));
  }

  template <class T>
  Items<T> items(const T* first, std::uint64_t count, std::string_view name) {
    if (!has_items(first, count, name)) return {};
    return {first, static_cast<std::size_t>(count)};
  }
  std::vector<std::string> strings(const tally_text* first, std::uint64_t count,
                                   std::string_view name);
  Labels labels(const tally_pair* first, std::uint64_t count, std::string_view name);

  /// One of an enumeration's `count` values, which begin with 0.
  template <class Enum>
  Enum one_of(std::int32_t value, std::int32_t count, std::string_view name) {
    if (value < 0 || value >= count) refuse(name, "is no value of its enumeration");
    return static_cast<Enum>(good() ? value : 0);
  }
  std::int64_t at_least(std::int64_t least, std::int64_t value, std::string_view name);
  /// A duration; what is longer than a year is cut to one, since clocks end.
  std::chrono::milliseconds wait_ms(std::int64_t given, std::string_view name);
  std::chrono::microseconds wait_us(std::int64_t given, std::string_view name);
  double finite(double value, std::string_view name);
  std::int64_t between(std::int64_t least, std::int64_t value, std::int64_t most,
                       std::string_view name);

  Currency currency(std::string_view code, std::string_view name);  ///< Empty: USD.
  Decimal decimal(const tally_amount& given, std::string_view name);
  Money money(const tally_money& given, std::string_view name);

 private:
  bool has_items(const void* first, std::uint64_t count, std::string_view name);
  template <class Struct>
  bool has_size(std::uint32_t size, std::string_view name) {
    if (!is_size_of<Struct>(size)) refuse(name, "has a wrong struct_size: initialise it");
    return is_size_of<Struct>(size);
  }

  std::optional<Error> error_;
};

}  // namespace TALLY_ABI
}  // namespace tally
