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

#include "base/json.hpp"
#include "tally/chat.hpp"
#include "wire/reasoning_details.hpp"
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
  std::string_view extra_content;  ///< JSON text.
};

/// The `logprobs` of one choice: one object, or those of many chunks, whose lists are joined.
class JoinedLogprobs {
 public:
  /// `text` is what `object` was parsed from.
  void add(const JsonValue& object, std::string_view text);
  /// The whole as JSON text; a single object as it was written; empty if there was none.
  std::string text() const;

 private:
  struct Member {
    std::string name;
    bool is_list = false;
    std::string json;  // Of a list: its elements, without the brackets.
  };

  std::string first_;
  int count_ = 0;
  std::vector<Member> members_;
};

/// The reply as it grows, and a record of each piece that it grew by. One thread at a time.
class ReplyBuilder {
 public:
  /// `deltas` may be null.
  explicit ReplyBuilder(std::vector<DeltaRecord>* deltas);

  /// What follows comes in a chunk of its own.
  void begin_chunk() { ++chunk_; }
  /// What follows belongs to the choice of that index. False: there can be no such choice.
  bool choose(std::int64_t index);

  void add_text(std::string_view piece);
  /// An empty piece counts too: it says that the model thinks.
  void add_reasoning(std::string_view piece);
  void add_refusal(std::string_view piece);
  void add_tool_call(const ToolCallPiece& piece);
  void add_logprobs(const JsonValue& object, std::string_view text);
  /// What the server wants back, as JSON of `text`: a list, and any value.
  void add_reasoning_details(const JsonValue& list, std::string_view text);
  void set_extra_content(std::string_view json);
  void set_finish_reason(std::string_view word);
  void add_usage(ReportedUsage usage) {
    usage_.add(std::move(usage));
    usage_chunk_ = chunk_;
  }
  /// What makes this answer no success. The first one stays.
  void fail(Error error);

  /// Takes note of a piece that was already put into the reply.
  void note(const DeltaRecord& record);

  /// Puts what was only collected into the reply: all of it is there.
  void complete_reply();

  /// The position of the tool call of the first choice that the last piece went to.
  std::optional<std::uint32_t> last_tool() const { return choices_.front().last_tool; }

  /// Whether this stream speaks in deltas, and not in messages as old servers do.
  bool speaks_in_deltas() const { return speaks_in_deltas_; }
  void set_speaks_in_deltas() { speaks_in_deltas_ = true; }

  Reply& reply() { return reply_; }
  const Reply& reply() const { return reply_; }
  const UsageSnapshots& usage() const { return usage_; }
  const std::optional<Error>& error() const { return error_; }
  /// There shall be as many choices at least.
  void expect_choices(std::int64_t count) { expected_choices_ = count; }
  /// No more will come. A server that does not know `n` sends one choice; where it does not say
  /// [DONE] either, a usage in a chunk behind the last finish_reason tells that this is all: in the
  /// same chunk it may be one choice's.
  void end_choices() {
    if (usage_chunk_ > finish_chunk_) expected_choices_ = 1;
  }
  /// Every choice that is expected or has begun has its finish_reason.
  bool finished() const;
  std::uint64_t output_deltas() const { return output_deltas_; }
  /// The bytes of the answer that are kept.
  std::size_t size() const { return size_; }

 private:
  /// What is known of a choice beside its part of the reply.
  struct ChoiceState {
    std::map<std::int64_t, std::uint32_t> tool_by_index;
    std::optional<std::uint32_t> last_tool;
    JoinedLogprobs logprobs;
    ReasoningDetails reasoning_details;
    std::string extra_content;
  };

  Message& message() {
    return current_ == 0 ? reply_.message : reply_.more_choices[current_ - 1].message;
  }
  std::string& refusal() {
    return current_ == 0 ? reply_.refusal : reply_.more_choices[current_ - 1].refusal;
  }
  static std::string extra_of(const ChoiceState& choice);
  std::uint32_t tool_of(const ToolCallPiece& piece);
  std::uint32_t begin_tool(const ToolCallPiece& piece);

  std::vector<DeltaRecord>* const deltas_;
  Reply reply_;
  UsageSnapshots usage_;
  std::optional<Error> error_;
  std::vector<ChoiceState> choices_;  // The reply's own, then those of `more_choices`.
  std::map<std::int64_t, std::uint32_t> choice_by_index_;
  std::uint32_t current_ = 0;  // In `choices_`.
  std::int64_t expected_choices_ = 1;
  std::uint64_t chunk_ = 0;
  std::uint64_t finish_chunk_ = 0;  // The last one with a finish_reason.
  std::uint64_t usage_chunk_ = 0;
  bool speaks_in_deltas_ = false;
  std::uint64_t output_deltas_ = 0;
  std::size_t size_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
