// SPDX-License-Identifier: MIT
#include "c_api/storage.hpp"

#include <cstring>

namespace tally {
inline namespace TALLY_ABI {

void* Storage::allocate(std::size_t bytes) {
  constexpr std::size_t block = 4096;
  bytes = (bytes + 7) / 8 * 8;
  if (bytes > left_) {
    const std::size_t size = bytes > block ? bytes : block;
    // new unsigned char[] is aligned for every type, and the steps are of 8.
    blocks_.push_back(std::unique_ptr<unsigned char[]>(new unsigned char[size]));
    next_ = blocks_.back().get();
    left_ = size;
  }
  left_ -= bytes;
  return std::exchange(next_, next_ + bytes);
}

tally_text Storage::keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = array<char>(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

tally_money money_of(const Money& money) {
  tally_money made{amount_of(money.amount), {}};
  std::memcpy(made.currency, money.currency.code, sizeof(money.currency.code));
  return made;
}

std::unique_ptr<tally_string> new_string(std::string text) {
  auto made = std::make_unique<tally_string>();
  made->text = std::move(text);
  return made;
}

}  // namespace TALLY_ABI
}  // namespace tally

extern "C" {

const char* tally_string_data(const tally_string* string) {
  return tally::is_whole(string) ? string->text.c_str() : nullptr;
}

uint64_t tally_string_size(const tally_string* string) {
  return tally::is_whole(string) ? string->text.size() : 0;
}

void tally_string_destroy(tally_string* string) { tally::destroy(string); }

uint64_t tally_list_size(const tally_list* list) {
  return tally::is_whole(list) ? list->items.size() : 0;
}

const void* tally_list_at(const tally_list* list, uint64_t index) {
  return index < tally_list_size(list) ? list->items[index] : nullptr;
}

void tally_list_destroy(tally_list* list) { tally::destroy(list); }

}  // extern "C"
