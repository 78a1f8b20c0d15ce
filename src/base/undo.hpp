// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// Takes back what was half done when a scope is left before `dismiss`: by memory that runs out.
/// What it does may not need any.
template <class TakeBack>
class Undo {
 public:
  explicit Undo(TakeBack take_back) : take_back_(std::move(take_back)) {}
  ~Undo() {
    if (!is_dismissed_) take_back_();
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void dismiss() { is_dismissed_ = true; }

 private:
  TakeBack take_back_;
  bool is_dismissed_ = false;
};

}  // namespace TALLY_ABI
}  // namespace tally
