// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <set>

#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

struct RateField {
  std::string_view name;
  Bucket bucket;
};

constexpr RateField rate_fields[] = {
    {"input_mtok", Bucket::input_cache_miss},
    {"output_mtok", Bucket::output},
    {"cache_read_mtok", Bucket::input_cache_hit},
    {"cache_write_mtok", Bucket::cache_write},
    {"cache_write_1h_mtok", Bucket::cache_write_1h},
    {"output_reasoning_mtok", Bucket::reasoning},
    {"input_audio_mtok", Bucket::input_audio},
    {"output_audio_mtok", Bucket::output_audio},
    {"input_image_mtok", Bucket::input_image},
    {"output_image_mtok", Bucket::output_image},
    {"cache_audio_read_mtok", Bucket::input_audio_cache_hit},
};

struct UnitField {
  std::string_view name;
  std::string_view unit;
};

/// All per 1,000.
constexpr UnitField unit_fields[] = {
    {"requests_kcount", "request"},
    {"web_searches_kcount", "search_query"},
    {"storage_searches_kcount", "storage_search"},
    {"input_document_kpages", "page"},
};

constexpr std::string_view citation_field = "output_citation_mtok";

constexpr std::int64_t per_million = 1000000;
constexpr std::int64_t per_thousand = 1000;

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

/// A rule's only member names its kind.
const JsonValue* clause_of(const JsonValue& rule) {
  const JsonChildren clauses = rule.children();
  const bool is_single = rule.is_object() && !clauses.empty() &&
                         std::next(clauses.begin()) == clauses.end();  // Not their number: a walk.
  return is_single ? &clauses.front() : nullptr;
}

/// Whether a rule names `name` (in lower case, as the list compares). Never by a regular
/// expression: those of the list are another language's.
bool matches(const JsonValue& rule, const std::string& name) {
  const JsonValue* clause = clause_of(rule);
  if (!clause) return false;
  const auto names_it = [&name](const JsonValue& part) { return matches(part, name); };
  const JsonChildren parts = clause->children();
  if (clause->key == "or") return std::any_of(parts.begin(), parts.end(), names_it);
  if (clause->key == "and") return std::all_of(parts.begin(), parts.end(), names_it);
  const std::string wanted = lower(clause->text);
  if (clause->key == "equals") return name == wanted;
  const std::size_t at = name.find(wanted);
  if (clause->key == "starts_with") return name.compare(0, wanted.size(), wanted) == 0;
  if (clause->key == "contains") return at != std::string::npos;
  if (clause->key == "ends_with") {
    return name.size() >= wanted.size() &&
           name.compare(name.size() - wanted.size(), wanted.size(), wanted) == 0;
  }
  return false;
}

/// The names that a rule spells out, and the patterns that it has beside them.
struct RuleNames {
  std::vector<std::string> exact;
  std::vector<std::string> patterns;
};

void collect_names(const JsonValue& rule, RuleNames& names) {
  const JsonValue* clause = clause_of(rule);
  if (!clause) return;
  if (clause->key == "equals") {
    names.exact.emplace_back(clause->text);
  } else if (clause->key == "or") {
    for (const JsonValue& part : clause->children()) collect_names(part, names);
  } else {
    names.patterns.emplace_back(clause->key).append(" ").append(clause->text);
  }
}

/// A bucket's price, and those that replace it beyond some lengths of the prompt.
struct TieredField {
  Bucket bucket;
  const JsonValue* base = nullptr;
  const JsonValue* tiers = nullptr;
};

class PricesReader {
 public:
  explicit PricesReader(CardReader& reader) : reader_(reader) {}

  ListedPrices read(const JsonValue& fields) {
    for (const JsonValue& field : fields.children()) read_field(field);
    for (const TieredField& field : fields_) set(prices_.rates, field.bucket, *field.base);
    for (const std::int64_t start : starts_) prices_.tiers.push_back(tier_at(start));
    return std::move(prices_);
  }

 private:
  void set(Rates& rates, Bucket bucket, const JsonValue& value) {
    reader_.read_rate(rates, bucket, value, per_million, to_string(bucket));
  }

  void read_field(const JsonValue& value) {
    const auto rate = std::find_if(std::begin(rate_fields), std::end(rate_fields),
                                   [&](const RateField& rate) { return rate.name == value.key; });
    if (rate != std::end(rate_fields)) return read_rate(rate->bucket, value);
    const auto unit = std::find_if(std::begin(unit_fields), std::end(unit_fields),
                                   [&](const UnitField& unit) { return unit.name == value.key; });
    if (unit != std::end(unit_fields) && !value.is_object()) {
      return reader_.read_unit(prices_, unit->unit, value, per_thousand, value.key);
    }
    if (value.key == citation_field && !value.is_object()) {
      return reader_.read_unit(prices_, "citation_token", value, per_million, value.key);
    }
    reader_.leave_out(ImportRefusal::unsupported, std::string(value.key));
  }

  void read_rate(Bucket bucket, const JsonValue& value) {
    if (!value.is_object()) return fields_.push_back({bucket, &value, nullptr});
    const JsonValue* base = value.find("base");
    const JsonValue* tiers = value.find("tiers");
    if (!base || !tiers) return reader_.refuse(ImportRefusal::malformed, std::string(value.key));
    for (const JsonValue& tier : tiers->children()) {
      const auto start = positive_member(tier, "start");
      if (!start || !tier.find("price")) {
        return reader_.refuse(ImportRefusal::malformed, std::string(value.key) + ".tiers");
      }
      starts_.insert(*start);
    }
    fields_.push_back({bucket, base, tiers});
  }

  /// A bucket without a tier at `start` goes on with the one below: the list states the tiers of
  /// each bucket apart.
  ListedTier tier_at(std::int64_t start) {
    ListedTier tier{start, false, {}};
    for (const TieredField& field : fields_) {
      const JsonValue* price = field.base;
      std::int64_t reached = 0;
      if (field.tiers) {
        for (const JsonValue& above : field.tiers->children()) {
          const std::int64_t own = positive_member(above, "start").value_or(0);
          if (own > start || own < reached) continue;
          reached = own;
          price = above.find("price");
        }
      }
      set(tier.rates, field.bucket, *price);
    }
    return tier;
  }

  CardReader& reader_;
  ListedPrices prices_;
  std::vector<TieredField> fields_;
  std::set<std::int64_t> starts_;
};

/// Of several prices the last whose condition holds is in force; the first needs none.
void read_dated(CardReader& reader, const JsonValue& part, Instant at) {
  const JsonValue* prices = part.find("prices");
  if (!prices) return reader.refuse(ImportRefusal::malformed, "no prices");
  ListedPrices read = PricesReader(reader).read(*prices);
  auto& all = reader.card.prices;
  const JsonValue* constraint = part.find("constraint");
  const bool has_constraint = constraint && !constraint->is_null();
  if (has_constraint == all.empty()) {
    return reader.refuse(ImportRefusal::unsupported, "the order of its conditions");
  }
  if (has_constraint) {
    const std::string_view* day = constraint->find_string("start_date");
    // A daily window holds on all days and at all dates here, which no such price ever did.
    if (!day) return reader.refuse(ImportRefusal::unsupported, "a price for some hours of the day");
    const auto from = parse_instant(std::string(*day) + "T00:00:00Z");
    if (!from) {
      return reader.refuse(ImportRefusal::malformed,
                           "start_date: " + std::string(day->substr(0, 60)));
    }
    if (all.back().from && *all.back().from >= *from) {
      return reader.refuse(ImportRefusal::unsupported, "the order of its conditions");
    }
    read.from = *from;
    // What lies ahead ends nothing: announced changes have been cancelled before.
    if (*from <= at) all.back().to = *from;
  }
  all.push_back(std::move(read));
}

class ProviderReader {
 public:
  ProviderReader(const JsonValue& models, std::string name, Instant at, PriceListing& listing)
      : models_(models.children()), name_(std::move(name)), at_(at), listing_(listing) {}

  void read() {
    for (const JsonValue& model : models_) read_model(model);
  }

 private:
  void read_model(const JsonValue& model) {
    const std::string_view* id = model.find_string("id");
    const JsonValue* rule = model.find("match");
    const JsonValue* prices = model.find("prices");
    CardReader reader(listing_, name_ + '/' + std::string(id ? *id : std::string_view()));
    reader.card.provider = provider_of_list(name_);
    reader.card.context = positive_member(model, "context_window");
    const JsonValue* deprecated = model.find("deprecated");
    if (deprecated && deprecated->boolean) reader.card.note = "deprecated";
    if (!id || !rule || !prices) {
      reader.refuse(ImportRefusal::malformed, "id, match and prices are needed");
    } else {
      name(reader, *id, *rule, &model);
      read_prices(reader, *prices);
    }
    reader.finish();
  }

  void read_prices(CardReader& reader, const JsonValue& prices) {
    if (prices.is_array()) {
      for (const JsonValue& part : prices.children()) read_dated(reader, part, at_);
    } else {
      reader.card.prices.push_back(PricesReader(reader).read(prices));
    }
  }

  /// The id where the rule names it, and every name that the rule spells out. What a pattern may
  /// name beside them is not known before somebody requests it, and may cost something else by
  /// then.
  void name(CardReader& reader, std::string_view id, const JsonValue& rule,
            const JsonValue* model) {
    RuleNames names;
    collect_names(rule, names);
    for (const std::string& pattern : names.patterns) {
      reader.leave_out(ImportRefusal::unsupported, "names by a pattern: " + pattern);
    }
    if (matches(rule, lower(id))) names.exact.emplace(names.exact.begin(), id);
    std::string taken;
    for (const std::string& name : names.exact) {
      if (is_of_earlier(lower(name), model)) {
        taken = name;
        reader.leave_out(ImportRefusal::contradictory, "an earlier rule names " + name + " too");
      } else {
        add_name(reader.card, name);
      }
    }
    if (!reader.card.model.empty()) return;
    taken.empty() ? reader.refuse(ImportRefusal::unsupported, "names by patterns only")
                  : reader.refuse(ImportRefusal::contradictory, "an earlier rule names " + taken);
  }

  static void add_name(ListedCard& card, const std::string& name) {
    auto& aliases = card.aliases;
    if (card.model.empty()) {
      card.model = name;
    } else if (name != card.model &&
               std::find(aliases.begin(), aliases.end(), name) == aliases.end()) {
      aliases.push_back(name);
    }
  }

  /// The first rule that names it wins.
  bool is_of_earlier(const std::string& name, const JsonValue* model) const {
    for (const JsonValue& other : models_) {
      if (&other == model) return false;
      const JsonValue* rule = other.find("match");
      if (rule && matches(*rule, name)) return true;
    }
    return false;
  }

  const JsonChildren models_;
  std::string name_;
  Instant at_;
  PriceListing& listing_;
};

}  // namespace

bool read_genai_prices(const JsonValue& root, Instant at, PriceListing& listing) {
  if (!root.is_array()) return false;
  for (const JsonValue& provider : root.children()) {
    const std::string_view* id = provider.find_string("id");
    const JsonValue* models = provider.find("models");
    if (!id || !models || !models->is_array()) return false;
    ProviderReader(*models, std::string(*id), at, listing).read();
  }
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
