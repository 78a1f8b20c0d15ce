// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/chat.hpp"
#include "wire/reply_reader.hpp"
#include "wire/usage_json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A piece of a tool call as a chunk carries it; empty is absent.
struct ToolCallPiece {
  std::optional<std::int64_t> index;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// The reply as it grows, and a record of each piece that it grew by. One thread at a time.
class ReplyBuilder {
 public:
  /// `deltas` may be null.
  explicit ReplyBuilder(std::vector<DeltaRecord>* deltas);

  void add_text(std::string_view piece);
  /// An empty piece counts too: it says that the model thinks.
  void add_reasoning(std::string_view piece);
  void add_refusal(std::string_view piece);
  void add_tool_call(const ToolCallPiece& piece);
  void set_finish_reason(const std::string& word);
  void add_usage(ReportedUsage usage) { usage_.add(std::move(usage)); }
  /// What makes this answer no success. The first one stays.
  void fail(Error error);

  /// Takes note of a piece that was already put into the reply.
  void note(const DeltaRecord& record);

  /// The position of the tool call that the last piece went to.
  std::optional<std::uint32_t> last_tool() const { return last_tool_; }

  /// Whether this stream speaks in deltas, and not in messages as old servers do.
  bool speaks_in_deltas() const { return speaks_in_deltas_; }
  void set_speaks_in_deltas() { speaks_in_deltas_ = true; }

  Reply& reply() { return reply_; }
  const Reply& reply() const { return reply_; }
  const UsageSnapshots& usage() const { return usage_; }
  const std::optional<Error>& error() const { return error_; }
  bool finished() const { return reply_.finish_reason != FinishReason::none; }
  std::uint64_t output_deltas() const { return output_deltas_; }
  /// The bytes of the answer that are kept.
  std::size_t size() const { return size_; }

 private:
  std::uint32_t tool_of(const ToolCallPiece& piece);
  std::uint32_t begin_tool(const ToolCallPiece& piece);

  std::vector<DeltaRecord>* const deltas_;
  Reply reply_;
  UsageSnapshots usage_;
  std::optional<Error> error_;
  std::map<std::int64_t, std::uint32_t> tool_by_index_;
  std::optional<std::uint32_t> last_tool_;
  bool speaks_in_deltas_ = false;
  std::uint64_t output_deltas_ = 0;
  std::size_t size_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
