// SPDX-License-Identifier: MIT
#include "wire/reply_builder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/json_writer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Beyond what any server offers; a server may not make this process hold, or look through, more.
constexpr std::size_t most_choices = 1024;
constexpr std::size_t most_members = 16;

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

void JoinedLogprobs::add(const JsonValue& object, std::string_view text) {
  if (++count_ == 1) first_ = text.substr(object.begin, object.end - object.begin);
  for (const JsonValue& value : object.children()) {
    const auto known = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& member) { return member.name == value.key; });
    const bool is_new = known == members_.end();
    if (is_new && members_.size() == most_members) continue;
    if (value.is_null() && !is_new) continue;
    Member& member = is_new ? members_.emplace_back() : *known;
    member.name = value.key;
    std::string_view json = text.substr(value.begin, value.end - value.begin);
    if (!value.is_array() || !member.is_list) member.json.clear();
    member.is_list = value.is_array();
    if (member.is_list) json = json.substr(1, json.size() - 2);
    if (value.is_array() && value.children().empty()) continue;
    if (!member.json.empty()) member.json += ',';
    member.json += json;
  }
}

std::string JoinedLogprobs::text() const {
  if (count_ <= 1) return first_;
  std::string json = "{";
  for (const Member& member : members_) {
    if (json.size() > 1) json += ',';
    append_json_string(json, member.name);
    json += ':';
    json += member.is_list ? '[' + member.json + ']' : member.json;
  }
  return json += '}';
}

ReplyBuilder::ReplyBuilder(std::vector<DeltaRecord>* deltas) : deltas_(deltas), choices_(1) {
  reply_.message.role = Role::assistant;
}

bool ReplyBuilder::choose(std::int64_t index) {
  current_ = 0;
  if (index == 0) return true;
  if (index < 0 || index > std::numeric_limits<int>::max()) return false;
  auto& more = reply_.more_choices;
  const auto known = choice_by_index_.find(index);
  if (known != choice_by_index_.end()) {
    current_ = known->second;
    return true;
  }
  if (more.size() == most_choices) {
    fail(
        {ErrorKind::limit_exceeded, "the answer has more choices than anybody can have asked for"});
    return false;
  }
  choices_.resize(more.size() + 2);  // First: without memory there is none without a state.
  more.emplace_back();
  current_ = static_cast<std::uint32_t>(more.size());
  more.back().index = static_cast<int>(index);
  more.back().message.role = Role::assistant;
  choice_by_index_[index] = current_;
  size_ += sizeof(Choice) + sizeof(ChoiceState);
  return true;
}

void ReplyBuilder::add_text(std::string_view piece) {
  if (piece.empty()) return;
  std::string& content = message().content;
  note({DeltaRecord::Kind::text, 0, content.size(), piece.size(), 0, 0, current_});
  content += piece;
}

void ReplyBuilder::add_reasoning(std::string_view piece) {
  auto& reasoning = message().reasoning_content;
  if (!reasoning) reasoning.emplace();
  if (piece.empty()) return;
  note({DeltaRecord::Kind::reasoning, 0, reasoning->size(), piece.size(), 0, 0, current_});
  *reasoning += piece;
}

void ReplyBuilder::add_refusal(std::string_view piece) {
  if (piece.empty()) return;
  note({DeltaRecord::Kind::refusal, 0, refusal().size(), piece.size(), 0, 0, current_});
  refusal() += piece;
}

void ReplyBuilder::add_tool_call(const ToolCallPiece& piece) {
  auto& calls = message().tool_calls;
  const std::size_t calls_before = calls.size();
  const std::uint32_t tool = tool_of(piece);
  ToolCall& call = calls[tool];
  const std::size_t known_before = call.id.size() + call.name.size();
  choices_[current_].last_tool = tool;

  if (call.id.empty()) call.id = piece.id;
  // A name may come in pieces, or whole in every piece; it is complete when the arguments begin.
  if (call.arguments.empty() && piece.name != call.name) call.name += piece.name;
  const bool tells_more =
      calls.size() > calls_before || call.id.size() + call.name.size() > known_before;
  if (tells_more || !piece.arguments.empty()) {
    note({DeltaRecord::Kind::tool_call, tool, call.arguments.size(), piece.arguments.size(),
          tells_more ? static_cast<std::uint32_t>(call.id.size()) : 0,
          tells_more ? static_cast<std::uint32_t>(call.name.size()) : 0, current_});
  }
  call.arguments += piece.arguments;
  if (!piece.extra_content.empty()) call.extra = object_of("extra_content", piece.extra_content);
  size_ += piece.id.size() + piece.name.size() + piece.extra_content.size();
}

/// The position of the call that a piece belongs to; the call is made if it is new.
std::uint32_t ReplyBuilder::tool_of(const ToolCallPiece& piece) {
  auto& calls = message().tool_calls;
  if (piece.index) {
    const auto& by_index = choices_[current_].tool_by_index;
    const auto known = by_index.find(*piece.index);
    if (known == by_index.end() || begins_another(calls[known->second], piece)) {
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
  auto& calls = message().tool_calls;
  const auto tool = static_cast<std::uint32_t>(calls.size());
  if (piece.index) choices_[current_].tool_by_index[*piece.index] = tool;
  calls.emplace_back();
  size_ += sizeof(ToolCall);
  return tool;
}

void ReplyBuilder::add_logprobs(const JsonValue& object, std::string_view text) {
  choices_[current_].logprobs.add(object, text);
  size_ += object.end - object.begin;
}

void ReplyBuilder::add_reasoning_details(const JsonValue& list, std::string_view text) {
  if (list.children().empty()) return;
  choices_[current_].reasoning_details.add(list, text);
  size_ += list.end - list.begin;
}

/// Of a stream the last one stands.
void ReplyBuilder::set_extra_content(std::string_view json) {
  choices_[current_].extra_content = json;
  size_ += json.size();
}

std::string ReplyBuilder::extra_of(const ChoiceState& choice) {
  const std::string details = choice.reasoning_details.text();
  if (details.empty() && choice.extra_content.empty()) return {};
  ObjectWriter extra;
  if (!details.empty()) extra.add("reasoning_details", details);
  if (!choice.extra_content.empty()) extra.add("extra_content", choice.extra_content);
  return extra.take();
}

void ReplyBuilder::complete_reply() {
  reply_.logprobs = choices_.front().logprobs.text();
  reply_.message.extra = extra_of(choices_.front());
  for (std::size_t i = 0; i < reply_.more_choices.size(); ++i) {
    reply_.more_choices[i].logprobs = choices_[i + 1].logprobs.text();
    reply_.more_choices[i].message.extra = extra_of(choices_[i + 1]);
  }
}

bool ReplyBuilder::finished() const {
  const auto& more = reply_.more_choices;
  const bool have_begun = static_cast<std::int64_t>(choices_.size()) >= expected_choices_;
  return have_begun && reply_.finish_reason != FinishReason::none &&
         std::none_of(more.begin(), more.end(), [](const Choice& choice) {
           return choice.finish_reason == FinishReason::none;
         });
}

void ReplyBuilder::set_finish_reason(std::string_view word) {
  if (word.empty()) return;
  finish_chunk_ = chunk_;
  const FinishReason reason = finish_reason_of(word);
  if (current_ == 0) {
    reply_.finish_reason = reason;
    reply_.finish_reason_text = word;
  } else {
    Choice& choice = reply_.more_choices[current_ - 1];
    choice.finish_reason = reason;
    choice.finish_reason_text = word;
  }
  if (reason != FinishReason::insufficient_system_resource) return;
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
