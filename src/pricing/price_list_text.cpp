// SPDX-License-Identifier: MIT
#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// Writes a catalogue's text: one line for a card, one for each of its entries.
class CatalogWriter {
 public:
  CatalogWriter(const PriceSource& source, Instant at) : source_(source), at_(at) {}

  std::string write(const std::vector<ListedCard>& cards) {
    out_ = "{\n";
    member("schema", "tally.prices/1");
    member("catalog_version", source_.name);
    member("generated_at", to_string(at_));
    out_ += "\"models\": [";
    for (const ListedCard& card : cards) write_card(card, &card == &cards.front());
    out_ += "],\n\"aliases\": [";
    bool is_first = true;
    for (const ListedCard& card : cards) {
      for (const std::string& alias : card.aliases) {
        out_ += is_first ? "\n" : ",\n";
        is_first = false;
        write_alias(card, alias);
      }
    }
    return std::move(out_) + "]\n}\n";
  }

 private:
  void name(std::string_view name) {
    append_json_string(out_, name);
    out_ += ": ";
  }
  void member(std::string_view key, std::string_view text) {
    name(key);
    append_json_string(out_, text);
    out_ += ", ";
  }
  void member(std::string_view key, const std::optional<std::int64_t>& number) {
    if (!number) return;
    name(key);
    out_ += std::to_string(*number) + ", ";
  }
  /// Every member ends so; the last one of an object does not.
  void drop_comma() { out_.erase(out_.size() - 2); }

  void write_card(const ListedCard& card, bool is_first) {
    out_ += is_first ? "\n{" : ",\n{";
    member("provider", card.provider);
    member("model", card.model);
    member("context", card.context);
    member("max_output", card.max_output);
    if (!card.note.empty()) member("note", card.note);
    out_ += "\"entries\": [";
    for (std::size_t i = 0; i < card.prices.size(); ++i) write_entry(card, i);
    out_ += "]}";
  }

  void write_entry(const ListedCard& card, std::size_t number) {
    const ListedPrices& prices = card.prices[number];
    out_ += number == 0 ? "\n {" : ",\n {";
    std::string id = card.provider + ':' + card.model;
    if (card.prices.size() > 1) id += '#' + std::to_string(number + 1);
    member("id", id);
    member("currency", "USD");
    if (prices.from) member("from", to_string(*prices.from));
    if (prices.to) member("to", to_string(*prices.to));
    member("kind", prices.from && *prices.from > at_ ? "announced" : "list");
    if (card.is_free) out_ += "\"free\": true, ";
    out_ += "\"rates\": {\"default\": ";
    write_rates(prices.rates);
    out_ += "}, ";
    write_tiers(prices.tiers);
    write_service_tiers(prices.service_tiers);
    write_units(prices.units);
    member("confidence", "low");
    write_source();
    out_ += '}';
  }

  void write_rates(const Rates& rates) {
    out_ += '{';
    for (int i = 0; i < bucket_count; ++i) {
      const auto bucket = static_cast<Bucket>(i);
      // The reader has seen that this fits.
      if (rates[bucket]) {
        member(to_string(bucket), to_string(*checked_multiply(*rates[bucket], 1000000)));
      }
    }
    drop_comma();
    out_ += '}';
  }

  void write_tiers(const std::vector<ListedTier>& tiers) {
    if (tiers.empty()) return;
    out_ += "\"tiers\": [";
    for (const ListedTier& tier : tiers) {
      out_ += '{';
      member("on", "prompt_total");
      member("op", tier.holds_at_threshold ? "ge" : "gt");
      member("value", tier.threshold);
      member("scope", "whole_request");
      name("rates");
      write_rates(tier.rates);
      out_ += "}, ";
    }
    drop_comma();
    out_ += "], ";
  }

  void write_service_tiers(const std::vector<ListedServiceTier>& services) {
    if (services.empty()) return;
    out_ += "\"service_tiers\": {";
    for (const ListedServiceTier& service : services) {
      name(service.name);
      out_ += '{';
      write_tiers(service.tiers);
      name("rates");
      write_rates(service.rates);
      out_ += "}, ";
    }
    drop_comma();
    out_ += "}, ";
  }

  void write_units(const std::vector<ListedUnit>& units) {
    if (units.empty()) return;
    out_ += "\"units\": {";
    for (const ListedUnit& unit : units) {
      name(unit.name);
      out_ += '{';
      member("price", to_string(unit.price));
      member("per", unit.per);
      drop_comma();
      out_ += "}, ";
    }
    drop_comma();
    out_ += "}, ";
  }

  void write_source() {
    out_ += "\"source\": {";
    member("name", "import: " + source_.name);
    member("url", source_.url);
    // Absent until somebody has confirmed the price.
    if (!source_.verified_at.empty()) member("verified_at", source_.verified_at);
    drop_comma();
    out_ += '}';
  }

  void write_alias(const ListedCard& card, const std::string& alias) {
    out_ += '{';
    member("provider", card.provider);
    member("name", alias);
    member("model", card.model);
    write_source();
    out_ += '}';
  }

  const PriceSource& source_;
  Instant at_;
  std::string out_;
};

}  // namespace

std::string catalog_text(const std::vector<ListedCard>& cards, const PriceSource& source,
                         Instant at) {
  return CatalogWriter(source, at).write(cards);
}

}  // namespace TALLY_ABI
}  // namespace tally
