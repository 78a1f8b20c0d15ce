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
    if (empty()) clear();
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
