// SPDX-License-Identifier: MIT
#include "wire/reply_builder.hpp"

#include <algorithm>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

struct FinishWord {
  std::string_view word;
  FinishReason reason;
};

constexpr FinishWord finish_words[] = {
    {"stop", FinishReason::stop},
    {"length", FinishReason::length},
    {"tool_calls", FinishReason::tool_calls},
    {"content_filter", FinishReason::content_filter},
    {"insufficient_system_resource", FinishReason::insufficient_system_resource},
};

FinishReason finish_reason_of(std::string_view word) {
  for (const FinishWord& known : finish_words) {
    if (known.word == word) return known.reason;
  }
  return FinishReason::other;
}

/// Whether the piece cannot belong to `call` although it has its index: some servers number all
/// calls of an answer 0. A name that comes again alone is no sign of it, some repeat that in every
/// piece.
bool begins_another(const ToolCall& call, const ToolCallPiece& piece) {
  if (piece.name.empty()) return false;
  const bool other_id = !piece.id.empty() && !call.id.empty() && piece.id != call.id;
  return other_id || (!call.arguments.empty() && piece.name != call.name);
}

}  // namespace

ReplyBuilder::ReplyBuilder(std::vector<DeltaRecord>* deltas) : deltas_(deltas) {
  reply_.message.role = Role::assistant;
}

void ReplyBuilder::add_text(std::string_view piece) {
  if (piece.empty()) return;
  std::string& content = reply_.message.content;
  note({DeltaRecord::Kind::text, 0, content.size(), piece.size(), 0, 0});
  content += piece;
}

void ReplyBuilder::add_reasoning(std::string_view piece) {
  auto& reasoning = reply_.message.reasoning_content;
  if (!reasoning) reasoning.emplace();
  if (piece.empty()) return;
  note({DeltaRecord::Kind::reasoning, 0, reasoning->size(), piece.size(), 0, 0});
  *reasoning += piece;
}

void ReplyBuilder::add_refusal(std::string_view piece) {
  if (piece.empty()) return;
  note({DeltaRecord::Kind::refusal, 0, reply_.refusal.size(), piece.size(), 0, 0});
  reply_.refusal += piece;
}

void ReplyBuilder::add_tool_call(const ToolCallPiece& piece) {
  auto& calls = reply_.message.tool_calls;
  const std::size_t calls_before = calls.size();
  const std::uint32_t tool = tool_of(piece);
  ToolCall& call = calls[tool];
  const std::size_t known_before = call.id.size() + call.name.size();
  last_tool_ = tool;

  if (call.id.empty()) call.id = piece.id;
  // A name may come in pieces, or whole in every piece; it is complete when the arguments begin.
  if (call.arguments.empty() && piece.name != call.name) call.name += piece.name;
  const bool tells_more =
      calls.size() > calls_before || call.id.size() + call.name.size() > known_before;
  if (tells_more || !piece.arguments.empty()) {
    note({DeltaRecord::Kind::tool_call, tool, call.arguments.size(), piece.arguments.size(),
          tells_more ? static_cast<std::uint32_t>(call.id.size()) : 0,
          tells_more ? static_cast<std::uint32_t>(call.name.size()) : 0});
  }
  call.arguments += piece.arguments;
  size_ += piece.id.size() + piece.name.size();
}

/// The position of the call that a piece belongs to; the call is made if it is new.
std::uint32_t ReplyBuilder::tool_of(const ToolCallPiece& piece) {
  auto& calls = reply_.message.tool_calls;
  if (piece.index) {
    const auto known = tool_by_index_.find(*piece.index);
    if (known == tool_by_index_.end() || begins_another(calls[known->second], piece)) {
      return begin_tool(piece);
    }
    return known->second;
  }
  // Without an index: pieces of one call follow each other, and what has a new id or a name begins
  // one.
  if (calls.empty()) return begin_tool(piece);
  const auto last = static_cast<std::uint32_t>(calls.size() - 1);
  const bool same_id = !piece.id.empty() && piece.id == calls[last].id;
  const bool nameless = piece.id.empty() && piece.name.empty();
  return same_id || nameless ? last : begin_tool(piece);
}

std::uint32_t ReplyBuilder::begin_tool(const ToolCallPiece& piece) {
  auto& calls = reply_.message.tool_calls;
  const auto tool = static_cast<std::uint32_t>(calls.size());
  if (piece.index) tool_by_index_[*piece.index] = tool;
  calls.emplace_back();
  size_ += sizeof(ToolCall);
  return tool;
}

void ReplyBuilder::set_finish_reason(const std::string& word) {
  if (word.empty()) return;
  reply_.finish_reason = finish_reason_of(word);
  reply_.finish_reason_text = word;
  if (reply_.finish_reason != FinishReason::insufficient_system_resource) return;
  Error error;
  error.kind = ErrorKind::overloaded;
  error.message =
      "the server ran out of resources and gave up in the middle of the answer "
      "(insufficient_system_resource); try again later";
  error.provider_code = word;
  error.retry_may_help = true;
  fail(std::move(error));
}

void ReplyBuilder::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

void ReplyBuilder::note(const DeltaRecord& record) {
  size_ += record.length;
  if (record.length > 0 && record.kind != DeltaRecord::Kind::refusal) ++output_deltas_;
  if (deltas_ != nullptr) deltas_->push_back(record);
}

}  // namespace TALLY_ABI
}  // namespace tally
