// SPDX-License-Identifier: MIT
#include "pricing/catalog_json.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/json.hpp"
#include "base/stable_order.hpp"
#include "pricing/allowance_json.hpp"
#include "pricing/entry_json.hpp"
#include "pricing/field_json.hpp"
#include "pricing/schedule_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::string_view schema_name = "tally.prices/1";

/// A part that was read, and where it stands: overlaps show only when all parts are sorted.
template <class Part>
struct Sourced {
  Part part;
  const JsonValue* value = nullptr;
};

template <class Part>
Instant begins(const Part& part) {
  return part.begins();
}
template <class Part>
Instant ends(const Part& part) {
  return part.ends();
}
Instant begins(const TokenAllowance& part) { return part.from.value_or(Instant::min()); }
Instant ends(const TokenAllowance& part) { return part.to.value_or(Instant::max()); }

auto order_of(const EntryRecord& record) {
  return std::tuple(record.entry.currency.view(), record.begins());
}
auto order_of(const Alias& alias) {
  return std::tuple(std::string_view(alias.provider), std::string_view(alias.name), alias.begins());
}
auto order_of(const TokenAllowance& allowance) {
  return std::tuple(std::string_view(allowance.provider), begins(allowance));
}
bool is_same_thing(const EntryRecord& a, const EntryRecord& b) {
  return a.entry.currency == b.entry.currency;
}
bool is_same_thing(const Alias& a, const Alias& b) {
  return a.provider == b.provider && a.name == b.name;
}

bool is_same_thing(const TokenAllowance& a, const TokenAllowance& b) {
  return a.provider == b.provider;
}

/// The parts in the order in which they are searched; two that are valid at one instant are
/// refused.
template <class Part>
std::vector<Part> in_order(FieldReader& reader, const Field& array,
                           std::vector<Sourced<Part>> parts) {
  sort_stably(parts,
              [](const auto& a, const auto& b) { return order_of(a.part) < order_of(b.part); });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Part& earlier = parts[i - 1].part;
    const Part& later = parts[i].part;
    if (!is_same_thing(earlier, later) || ends(earlier) <= begins(later)) continue;
    reader.refuse({parts[i].value, &array}, "its interval overlaps that of line " +
                                                std::to_string(parts[i - 1].value->line) +
                                                "; never does the last one win");
  }
  std::vector<Part> ordered;
  ordered.reserve(parts.size());
  for (Sourced<Part>& sourced : parts) ordered.push_back(std::move(sourced.part));
  return ordered;
}

class LayerReader {
 public:
  LayerReader(std::string_view name, const PriceCatalog::Data* below)
      : reader_(name), layer_(std::make_shared<Layer>()), known_{layer_.get(), below} {}

  Result<std::shared_ptr<const Layer>> read(const JsonValue& value) {
    const Field root{&value, nullptr};
    read_top(root);
    if (!reader_.ok()) return *reader_.error();
    layer_->index();
    return std::shared_ptr<const Layer>(std::move(layer_));
  }

 private:
  void read_top(const Field& root) {
    if (!reader_.is(root, JsonType::object)) return;
    // First: a text of another format would break every other rule as well.
    const auto schema = reader_.member(root, "schema", JsonType::string, Need::required);
    if (!schema) return;
    if (schema->value->text != schema_name) {
      reader_.refuse(*schema, "this version reads tally.prices/1 only");
      return;
    }
    reader_.has_only(root, {"schema", "catalog_version", "generated_at", "calendars", "schedules",
                            "models", "aliases", "allowances"});
    layer_->version = reader_.text(root, "catalog_version", Need::required);
    reader_.instant(root, "generated_at");
    read_calendars(root);
    read_schedules(root);
    read_cards(root);
    read_aliases(root);
    read_allowances(root);
  }

  void read_calendars(const Field& root) {
    const auto calendars = reader_.member(root, "calendars", JsonType::object, Need::optional);
    if (!calendars) return;
    for_each_child(*calendars, [this](const Field& field) {
      auto calendar = std::make_shared<const Calendar>(read_calendar(reader_, field));
      layer_->calendars[calendar->name] = std::move(calendar);
    });
  }

  void read_schedules(const Field& root) {
    const auto schedules = reader_.member(root, "schedules", JsonType::object, Need::optional);
    if (!schedules) return;
    for_each_child(*schedules, [this](const Field& field) {
      auto schedule = std::make_shared<const Schedule>(read_schedule(reader_, field, known_));
      layer_->schedules[schedule->name] = std::move(schedule);
    });
  }

  void read_cards(const Field& root) {
    const auto models = reader_.member(root, "models", JsonType::array, Need::optional);
    if (!models) return;
    for_each_child(*models, [this](const Field& field) { read_card(field); });
  }

  void read_card(const Field& field) {
    if (!reader_.has_only(
            field, {"provider", "model", "hosts", "max_output", "context", "note", "entries"})) {
      return;
    }
    Card card;
    card.provider = reader_.text(field, "provider", Need::required);
    card.model = reader_.text(field, "model", Need::required);
    if (!card_names_.emplace(card.provider, card.model).second) {
      reader_.refuse(field, "provider and model are the key, and an earlier card has the same");
    }
    card.hosts = read_hosts(field);
    constexpr std::int64_t most_tokens = std::int64_t{1} << 50;
    card.max_output = reader_.whole(field, "max_output", 1, most_tokens);
    card.context = reader_.whole(field, "context", 1, most_tokens);
    reader_.text(field, "note", Need::optional);
    card.entries = read_entries(field, card);
    layer_->cards.push_back(std::move(card));
  }

  std::vector<std::string> read_hosts(const Field& card) {
    std::vector<std::string> hosts;
    const auto field = reader_.member(card, "hosts", JsonType::array, Need::optional);
    if (!field) return hosts;
    if (field->value->children().empty()) {
      reader_.refuse(*field, "a card for no host never prices; leave the field out for any host");
    }
    for_each_child(*field, [&](const Field& host) {
      if (!reader_.is(host, JsonType::string)) return;
      if (host.value->text.empty()) reader_.refuse(host, "it may not be empty");
      hosts.emplace_back(host.value->text);
    });
    return hosts;
  }

  std::vector<EntryRecord> read_entries(const Field& field, const Card& card) {
    const auto entries = reader_.member(field, "entries", JsonType::array, Need::required);
    if (!entries) return {};
    std::vector<Sourced<EntryRecord>> priced;
    for_each_child(*entries, [&](const Field& item) {
      EntryRecord record = read_entry(reader_, item, known_);
      record.entry.provider = card.provider;
      record.entry.model = card.model;
      record.entry.catalog_version = layer_->version;
      if (!entry_ids_.insert(record.entry.id).second) {
        reader_.refuse(item, "an earlier entry has the same id");
      }
      if (record.entry.kind == "announced") {
        layer_->announced.push_back(std::move(record));
      } else {
        priced.push_back({std::move(record), item.value});
      }
    });
    return in_order(reader_, *entries, std::move(priced));
  }

  void read_aliases(const Field& root) {
    const auto aliases = reader_.member(root, "aliases", JsonType::array, Need::optional);
    if (!aliases) return;
    std::vector<Sourced<Alias>> read;
    for_each_child(*aliases, [&](const Field& field) {
      read.push_back({read_alias(field), field.value});
    });
    layer_->aliases = in_order(reader_, *aliases, std::move(read));
  }

  Alias read_alias(const Field& field) {
    Alias alias;
    if (!reader_.has_only(
            field, {"provider", "name", "model", "from", "to", "confidence", "note", "source"})) {
      return alias;
    }
    alias.provider = reader_.text(field, "provider", Need::required);
    alias.name = reader_.text(field, "name", Need::required);
    alias.model = reader_.text(field, "model", Need::required);
    if (!has_card(alias.provider, alias.model)) {
      reader_.refuse(field, "no model \"" + alias.model + "\" of provider \"" + alias.provider +
                                "\" is there");
    }
    alias.from = reader_.instant(field, "from");
    alias.to = reader_.instant(field, "to");
    if (alias.from && alias.to && *alias.from >= *alias.to) {
      reader_.refuse(field, "`from` is not before `to`");
    }
    reader_.word(field, "confidence", {"high", "medium", "low"});
    reader_.text(field, "note", Need::optional);
    read_source(reader_, field);
    return alias;
  }

  void read_allowances(const Field& root) {
    const auto allowances = reader_.member(root, "allowances", JsonType::array, Need::optional);
    if (!allowances) return;
    std::vector<Sourced<TokenAllowance>> read;
    for_each_child(*allowances, [&](const Field& field) {
      read.push_back({read_allowance(reader_, field), field.value});
    });
    layer_->allowances = in_order(reader_, *allowances, std::move(read));
  }

  bool has_card(const std::string& provider, const std::string& model) const {
    if (card_names_.count({provider, model}) != 0) return true;
    if (!known_.below) return false;
    const auto& layers = known_.below->layers;
    return std::any_of(layers.begin(), layers.end(), [&](const auto& layer) {
      const KnownName* name = layer->find(provider, model);
      return name && name->card;
    });
  }

  FieldReader reader_;
  std::shared_ptr<Layer> layer_;
  KnownParts known_;
  std::set<std::pair<std::string, std::string>> card_names_;
  std::set<std::string> entry_ids_;
};

}  // namespace

Result<std::shared_ptr<const Layer>> read_layer(std::string_view json, std::string_view name,
                                                const PriceCatalog::Data* below) {
  const Result<JsonDocument> parsed = parse_json(json);
  if (!parsed) {
    Error error;
    error.kind = ErrorKind::invalid_catalog;
    error.message = std::string(name) + ": " + parsed.error().message;
    return error;
  }
  return LayerReader(name, below).read(parsed->root());
}

}  // namespace TALLY_ABI
}  // namespace tally
