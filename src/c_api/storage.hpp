// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tally/c_api.h"
#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Tells handles apart that a caller could mistake for each other: it stands at the beginning of
/// each, and is no likely beginning of anything else.
enum class HandleKind : std::uint32_t {
  client = 0x7a11'0001,
  chat_request,
  conversation,
  stream,
  completion,
  cancel_token,
  ledger,
  price_catalog,
  string,
  list,
  transfer_handler,
};

/// The base of every handle.
template <HandleKind kind_of>
struct HandleOf {
  static constexpr HandleKind own_kind = kind_of;
  const HandleKind kind = kind_of;
};

/// There, and of that kind.
template <class Handle>
bool is_whole(const Handle* handle) {
  return handle != nullptr && handle->kind == Handle::own_kind;
}

/// What is of another kind is left alone: a leak is better than a wild `delete`.
template <class Handle>
void destroy(Handle* handle) {
  if (is_whole(handle)) delete handle;
}

/// Owns the structs of C's that a handle shows, in blocks, and the texts that they alone have.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// A struct with its size; else all 0.
  template <class Struct>
  Struct* make() {
    Struct* made = array<Struct>(1);
    made->struct_size = sizeof(Struct);
    return made;
  }
  /// `count` values, all 0; NULL for none.
  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivial_v<T> && alignof(T) <= 8);
    if (count == 0) return nullptr;
    T* values = static_cast<T*>(allocate(count * sizeof(T)));
    std::uninitialized_value_construct_n(values, count);
    return values;
  }
  /// A copy.
  tally_text keep(std::string_view text);

  /// What `convert` makes of each item, as an array of pointers and its length.
  template <class Struct, class Range, class Convert>
  void each(const Range& range, const Struct* const** first, std::uint64_t* count,
            Convert convert) {
    const Struct** pointers = array<const Struct*>(range.size());
    *first = pointers;
    *count = range.size();
    for (const auto& item : range) *pointers++ = convert(item);
  }

 private:
  void* allocate(std::size_t bytes);

  std::vector<std::unique_ptr<unsigned char[]>> blocks_;
  unsigned char* next_ = nullptr;
  std::size_t left_ = 0;
};

/// A view of what lives elsewhere.
inline tally_text view(std::string_view text) { return {text.data(), text.size()}; }

inline tally_amount amount_of(Decimal value) { return {value.units, value.attos}; }
tally_money money_of(const Money& money);

inline std::int64_t us_of(
    std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds> instant) {
  return instant.time_since_epoch().count();
}

}  // namespace TALLY_ABI
}  // namespace tally

struct tally_string : tally::HandleOf<tally::HandleKind::string> {
  std::string text;
};

struct tally_list : tally::HandleOf<tally::HandleKind::list> {
  tally::Storage storage;
  std::vector<const void*> items;
  std::shared_ptr<const void> source;  ///< What the texts are views of.
};

namespace tally {
inline namespace TALLY_ABI {

std::unique_ptr<tally_string> new_string(std::string text);

/// A list of what `convert(item, storage)` makes of each item; keeps them.
template <class T, class Convert>
std::unique_ptr<tally_list> new_list(std::vector<T> source, Convert convert) {
  auto list = std::make_unique<tally_list>();
  auto kept = std::make_shared<const std::vector<T>>(std::move(source));
  list->source = kept;
  list->items.reserve(kept->size());
  for (const T& item : *kept) list->items.push_back(convert(item, list->storage));
  return list;
}

/// A list of one.
template <class T, class Convert>
std::unique_ptr<tally_list> new_list_of_one(T source, Convert convert) {
  std::vector<T> one;
  one.push_back(std::move(source));
  return new_list(std::move(one), convert);
}

}  // namespace TALLY_ABI
}  // namespace tally
