// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include "c_api/storage.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

// The answers of functions that give a list. `convert(item, storage)` makes an item one of C's.

template <class T, class Convert>
Result<std::int32_t> hand_out_all(Result<std::vector<T>> made, tally_list** out, Convert convert) {
  if (!made) return std::move(made).error();
  *out = new_list(*std::move(made), convert).release();
  return TALLY_OK;
}
template <class T, class Convert>
Result<std::int32_t> hand_out_all(std::vector<T> made, tally_list** out, Convert convert) {
  return hand_out_all(Result<std::vector<T>>(std::move(made)), out, convert);
}

template <class T, class Convert>
Result<std::int32_t> hand_out_one(Result<T> made, tally_list** out, Convert convert) {
  if (!made) return std::move(made).error();
  *out = new_list_of_one(*std::move(made), convert).release();
  return TALLY_OK;
}
template <class T, class Convert>
Result<std::int32_t> hand_out_one(T made, tally_list** out, Convert convert) {
  *out = new_list_of_one(std::move(made), convert).release();
  return TALLY_OK;
}

}  // namespace TALLY_ABI
}  // namespace tally
