// SPDX-License-Identifier: MIT
#include "wire/reasoning_details.hpp"

#include <algorithm>
#include <utility>

#include "wire/json_writer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

template <class Members>
auto* find_member(Members& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [name](const auto& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

/// These come in pieces; all else of a block is whole each time.
bool is_text(std::string_view name) { return name == "text" || name == "summary"; }

bool is_string(const std::string& json) { return !json.empty() && json.front() == '"'; }

/// Two JSON strings as one.
void append_string(std::string& json, std::string_view more) {
  json.pop_back();
  json += more.substr(1);
}

}  // namespace

ReasoningDetails::Block ReasoningDetails::block_of(const JsonValue& element,
                                                   std::string_view text) {
  const auto source = [text](const JsonValue& value) {
    return std::string(text.substr(value.begin, value.end - value.begin));
  };
  Block block;
  if (!element.is_object()) block.json = source(element);
  for (const JsonValue& member : element.children()) {
    if (element.is_object()) block.members.push_back({std::string(member.key), source(member)});
  }
  return block;
}

/// A piece has the type and the place of the block it belongs to, and carries text or a signature;
/// what is encrypted comes whole.
bool ReasoningDetails::continues_last(const Block& piece) const {
  if (blocks_.empty() || piece.members.empty() || find_member(piece.members, "data")) return false;
  const auto is_same = [&](std::string_view name, bool may_be_missing) {
    const Member* known = find_member(blocks_.back().members, name);
    const Member* said = find_member(piece.members, name);
    if (known == nullptr || said == nullptr) return may_be_missing || known == said;
    return known->json == said->json || (may_be_missing && said->json == "null");
  };
  return is_same("type", false) && is_same("index", false) && is_same("id", true);
}

void ReasoningDetails::add(const JsonValue& list, std::string_view text) {
  bool is_first = true;
  for (const JsonValue& element : list.children()) {
    Block piece = block_of(element, text);
    // Two blocks of one list are two, however alike.
    if (!std::exchange(is_first, false) || !continues_last(piece)) {
      blocks_.push_back(std::move(piece));
      continue;
    }
    auto& members = blocks_.back().members;
    for (Member& said : piece.members) {
      Member* known = find_member(members, said.name);
      if (known == nullptr) {
        members.push_back(std::move(said));
      } else if (is_text(said.name) && is_string(known->json) && is_string(said.json)) {
        append_string(known->json, said.json);
      } else if (said.json != "null") {
        known->json = std::move(said.json);
      }
    }
  }
}

std::string ReasoningDetails::text() const {
  if (blocks_.empty()) return {};
  return array_of(blocks_, [](const Block& block) {
    if (block.members.empty()) return block.json.empty() ? std::string("{}") : block.json;
    ObjectWriter object;
    for (const Member& member : block.members) object.add(member.name, member.json);
    return object.take();
  });
}

}  // namespace TALLY_ABI
}  // namespace tally
