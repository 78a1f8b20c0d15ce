// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

#include "tally/chat.hpp"
#include "tally/receipt.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What every call ends in: the answer or the reason why there is none, and the bill either way.
struct Completion {
  Result<Reply, ChatError> reply;
  Receipt receipt;
};

/// An answer that is read as it comes:
///
///     auto stream = client.stream(request);
///     for (const tally::Delta& delta : stream) std::cout << delta.text << std::flush;
///     auto [reply, receipt] = stream.finish();
///
/// The loop ends with the answer, also with a broken one: `finish()` tells which, and has the whole
/// message. Leaving the loop early and destroying the stream ends the transfer and settles the
/// bill. Move-only. One thread at a time; a `CancelToken` in the options ends it from another
/// thread.
class TALLY_API Stream {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Delta;
    using difference_type = std::ptrdiff_t;
    using pointer = const Delta*;
    using reference = const Delta&;

    reference operator*() const { return *current_; }
    pointer operator->() const { return current_; }
    TALLY_API iterator& operator++();
    void operator++(int) { ++*this; }
    // Only "is it the end" can be asked of an input iterator over a stream.
    bool operator==(const iterator& other) const {
      return (current_ == nullptr) == (other.current_ == nullptr);
    }
    bool operator!=(const iterator& other) const { return !(*this == other); }

   private:
    friend class Stream;
    Stream* stream_ = nullptr;
    const Delta* current_ = nullptr;  ///< The stream's own; null at the end.
  };

  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// The next delta; waits for it. Nothing once the answer has ended, well or not. The views in it
  /// live until the next call.
  std::optional<Delta> next();

  iterator begin();
  iterator end() { return {}; }

  /// Ends the transfer now. `finish()` then has what arrived, as an error of kind `cancelled`.
  void cancel();

  /// Reads to the end, if it was not reached yet, and gives the whole message and the bill. A
  /// second call gives the same again.
  Completion finish();

  struct State;
  explicit Stream(std::shared_ptr<State> state);

 private:
  // The only owner. Compiling this header with a unique_ptr, and so a tuple, is dearer by a
  // hundredth of all the std headers.
  std::shared_ptr<State> state_;
};

}  // namespace TALLY_ABI
}  // namespace tally
