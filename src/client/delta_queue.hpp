// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "wire/reply_reader.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Deltas that were read and not pulled yet: places in the reply, oldest first. One thread at a
/// time.
class DeltaQueue {
 public:
  std::size_t size() const { return records_.size() - next_; }
  bool empty() const { return size() == 0; }

  /// Takes the oldest; there is one.
  DeltaRecord pop() {
    const DeltaRecord record = records_[next_++];
    if (empty()) {
      clear();
    } else if (next_ >= 1024 && next_ >= records_.size() / 2) {
      // A consumer that always leaves one behind must not keep all that it took.
      records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    return record;
  }

  void clear() {
    records_.clear();
    next_ = 0;
  }

  /// Where the reader puts them.
  std::vector<DeltaRecord>* back() { return &records_; }

 private:
  std::vector<DeltaRecord> records_;
  std::size_t next_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
