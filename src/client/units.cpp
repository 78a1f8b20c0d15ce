// SPDX-License-Identifier: MIT
#include "client/units.hpp"

#include <algorithm>
#include <cstdint>

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Sizes and sources of searches included.
bool is_search(std::string_view unit) { return unit.substr(0, 7) == "search_"; }

/// What a catalogue calls a run of a tool of that type: `deepseek_web_search`,
/// `web_search_20250305`.
std::string unit_of_tool(std::string_view type) {
  if (contains(type, "file_search")) return "storage_search";
  if (contains(type, "search")) return "search_query";
  if (contains(type, "fetch") || contains(type, "read_url")) return "fetch";
  if (contains(type, "code_")) return "code_interpreter_session";
  return std::string(type);
}

void add_unless_there(std::vector<BilledUnit>& units, const std::string& name,
                      std::optional<std::int64_t> count) {
  const bool is_there = std::any_of(units.begin(), units.end(), [&name](const BilledUnit& unit) {
    return unit.name == name || (is_search(name) && is_search(unit.name));
  });
  if (!is_there) units.push_back({name, count});
}

bool counts_audio(const Usage& usage) {
  const BilledTokens::Parts& parts = usage.billed.parts;
  return parts.audio_miss > 0 || parts.audio_hit > 0 ||
         std::any_of(usage.units.begin(), usage.units.end(),
                     [](const BilledUnit& unit) { return unit.name == "audio_second"; });
}

/// Anthropic's split of what was written, in either of its places. Where it is there, 0 is the
/// server's word too.
bool splits_writes(const Usage& usage) {
  return usage.raw.find("\"ephemeral_") != std::string::npos;
}

/// Audio that was sent and nowhere counted hides among the text, at a price that may not be its
/// own: Gemini takes three times as much for it.
void note_hidden_audio(Usage& usage) {
  auto& all = usage.anomalies;
  if (counts_audio(usage) || std::count(all.begin(), all.end(), Anomaly::other_modality)) return;
  all.push_back(Anomaly::other_modality);
}

std::optional<Decimal> add_product(std::optional<Decimal> sum, const UnitPrice* price,
                                   std::int64_t count) {
  if (!sum || price == nullptr) return sum;
  const auto product = checked_multiply(price->price_of_one, count);
  return product ? checked_add(*sum, *product) : std::nullopt;
}

/// Units that a request brings about by a tool of the server's, or a file.
bool can_be_caused(std::string_view unit, const RequestBound& bound) {
  if (unit == "page") return bound.files > 0;
  if (is_search(unit) || unit == "storage_search" || unit == "fetch" ||
      unit == "code_interpreter_session") {
    return bound.server_tools > 0;
  }
  // Requests with audio have no bound already, and characters are those of speech.
  return unit != "audio_second" && unit != "character" && unit != "citation_token";
}

/// Perplexity's answers have one search each, but for those that research.
bool is_one_search(std::string_view model) {
  return searches_by_itself(model) && !contains(model, "research");
}

}  // namespace

bool searches_by_itself(std::string_view model) {
  return contains(model, "sonar") || contains(model, "-search-") || ends_with(model, "-search") ||
         ends_with(model, ":online");
}

void add_asked_units(Usage& usage, const RequestBound& bound, std::string_view model) {
  if (bound.images > 0) add_unless_there(usage.units, "image", bound.images);
  if (bound.files > 0) add_unless_there(usage.units, "page", std::nullopt);
  if (bound.has_audio) note_hidden_audio(usage);
  // The dearer of the two is what was asked for.
  if (bound.may_write_1h && usage.billed.parts.write_1h == 0 && !splits_writes(usage)) {
    usage.billed.parts.write_1h = usage.billed.cache_write.value_or(0);
  }
  for (const std::string& type : bound.server_tool_types) {
    add_unless_there(usage.units, unit_of_tool(type), std::nullopt);
  }
  if (searches_by_itself(model)) add_unless_there(usage.units, "search_query", std::nullopt);
}

std::optional<Decimal> fee_of_attempt(const PriceEntry& entry, const RequestBound& bound) {
  const auto fee = add_product(Decimal{}, entry.find_unit("request"), 1);
  return add_product(fee, entry.find_unit("image"), bound.images);
}

Result<Decimal, std::string> highest_fee(const PriceEntry& entry, const RequestBound& bound,
                                         std::string_view model) {
  std::optional<Decimal> fee = fee_of_attempt(entry, bound);
  const UnitPrice* dearest_search = nullptr;
  for (const UnitPrice& unit : entry.units) {
    if (unit.name == "request" || unit.name == "image") continue;
    const bool is_priced_search = is_search(unit.name) && searches_by_itself(model);
    if (is_priced_search && is_one_search(model) && bound.server_tools == 0) {
      if (!dearest_search || dearest_search->price_of_one < unit.price_of_one) {
        dearest_search = &unit;
      }
    } else if (is_priced_search || can_be_caused(unit.name, bound)) {
      return "nothing bounds how often its price has a part for: " + unit.name;
    }
  }
  if (searches_by_itself(model) && !dearest_search && !entry.find_unit("request")) {
    return std::string("its searches have no price");
  }
  fee = add_product(fee, dearest_search, 1);
  if (!fee) return std::string("the amount is too large to be held exactly");
  return *fee;
}

}  // namespace TALLY_ABI
}  // namespace tally
