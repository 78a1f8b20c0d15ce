// SPDX-License-Identifier: MIT
#pragma once

// Bytes of a 2xx answer become one growing Reply, its usage, and deltas. The one way in which
// answers are read: streams and documents, whole or cut anywhere.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tally/chat.hpp"
#include "tally/provider.hpp"
#include "tally/result.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What one delta added, as a place in the growing reply: the reply itself is the buffer, so that a
/// delta costs no memory of its own. `ReplyReader::view` turns it into a `Delta`.
struct DeltaRecord {
  enum class Kind : std::uint8_t { text, reasoning, refusal, tool_call };
  Kind kind = Kind::text;
  std::uint32_t tool = 0;  ///< tool_call: position in `Message::tool_calls`.
  std::size_t offset = 0;  ///< In content, reasoning_content, refusal, or the call's arguments.
  std::size_t length = 0;
  /// tool_call: how much of id and name is known, where this piece told more of them; else 0.
  /// Lengths, since the reply may know more by the time somebody looks.
  std::uint32_t id_length = 0;
  std::uint32_t name_length = 0;
  std::uint32_t choice = 0;  ///< 0: the reply's own; else its position in `more_choices`, plus 1.
};

/// How the chunks of a stream are read. Both ways give the same: tests hold one against the other.
enum class ChunkPath {
  recognise,  ///< Ordinary deltas by their shape, all else as below.
  general,    ///< Everything as JSON.
};

/// One thread at a time.
class ReplyReader {
 public:
  /// `deltas` receives a record per delta; null: nobody wants them.
  ReplyReader(const Provider& provider, const Limits& limits, std::vector<DeltaRecord>* deltas,
              ChunkPath path = ChunkPath::recognise);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// How many choices were asked for; 1 unless told.
  void expect_choices(std::int64_t count);

  /// Takes the next bytes of the body, cut anywhere. Decides by the first payload byte whether this
  /// is a stream or one document. After an error (`error()`) it still reads on, for a usage that
  /// follows.
  void feed(std::string_view bytes);

  /// The body has ended: a last line without its end is read, a document is parsed, and success is
  /// proven: without a finish_reason of every choice and without [DONE] (and without a parsed
  /// document) `error()` is set. A server that does not know `n` sends one choice, and then [DONE]
  /// or, where it ends whole, the usage: its word that this is all. `cut`: the transfer broke, so
  /// the error says so. A second time changes nothing.
  ///
  /// Where memory runs out in `feed` or here, that leaves as an exception. Nothing is read any more
  /// then, nothing that was read proves success, and `finish` sets `error()`.
  void finish(bool cut);

  /// What makes this answer no success; the first of several. `malformed_reply`, `limit_exceeded`,
  /// `content_refused`, `overloaded`, `server`, ...
  const std::optional<Error>& error() const;
  /// No more bytes are wanted at all: a limit is exceeded, or this is no chat answer (HTML).
  bool hopeless() const;
  /// [DONE] was read, or a whole document (only known after `finish`).
  bool done() const;
  /// A finish_reason was read, of every choice that was asked for or has begun.
  bool finished() const;
  /// Grows with every piece of payload: events with data, from their first bytes on, and bytes of a
  /// document. Comments, blank lines and leading white space do not count.
  std::uint64_t payload_count() const;
  /// How many deltas carried output (text, reasoning or arguments).
  std::uint64_t output_deltas() const;

  const Reply& reply() const;
  Reply take_reply() noexcept;
  /// Whether the server sent one.
  bool has_usage() const;
  /// The usage by the provider's rules; nothing if the server sent none.
  std::optional<Usage> usage() const;
  /// Puts what the record stands for into `delta`, which is empty: member by member into the
  /// caller's memory. Returned, a delta is put together in registers and goes through the stack in
  /// halves of what is read back; waiting for that was a third of a chunk's time.
  void show(const DeltaRecord& record, Delta& delta) const;
  Delta view(const DeltaRecord& record) const {
    Delta delta;
    show(record, delta);
    return delta;
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace TALLY_ABI
}  // namespace tally
