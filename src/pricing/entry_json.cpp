// SPDX-License-Identifier: MIT
#include "pricing/entry_json.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/sha256.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

/// How an entry's prices are written.
struct PriceForm {
  std::vector<std::string> bands;  ///< Those that a table of rates must have.
  std::int64_t unit = 1000000;
  bool may_be_free = false;
};

std::optional<Bucket> bucket_named(std::string_view name) {
  for (int i = 0; i < bucket_count; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    if (to_string(bucket) == name) return bucket;
  }
  return std::nullopt;
}

std::optional<Decimal> read_price_of_one(FieldReader& reader, const Field& field, std::int64_t per,
                                         bool may_be_free) {
  const auto price = reader.price(field, may_be_free);
  if (!price) return std::nullopt;
  const auto price_of_one = checked_divide(*price, per);
  if (!price_of_one) {
    reader.refuse(field, "the price of one, which is this over " + std::to_string(per) +
                             ", is not a whole number of 10^-18");
  }
  return price_of_one;
}

Rates read_buckets(FieldReader& reader, const Field& buckets, const PriceForm& form) {
  Rates rates;
  if (!reader.is(buckets, JsonType::object)) return rates;
  for_each_child(buckets, [&](const Field& price) {
    const auto bucket = bucket_named(price.value->key);
    if (!bucket) {
      reader.refuse(price, "no bucket has this name");
      return;
    }
    rates.per_token[static_cast<std::size_t>(*bucket)] =
        read_price_of_one(reader, price, form.unit, form.may_be_free);
  });
  return rates;
}

/// Band to buckets: exactly the bands of the form, in its order.
RateTable read_bands(FieldReader& reader, const Field& bands, const PriceForm& form) {
  RateTable table;
  for (const std::string& band : form.bands) {
    const auto buckets = reader.member(bands, band, JsonType::object, Need::required);
    if (buckets) table.push_back({band, read_buckets(reader, *buckets, form)});
  }
  for_each_child(bands, [&](const Field& set) {
    if (std::find(form.bands.begin(), form.bands.end(), set.value->key) != form.bands.end()) return;
    std::string rule = "rates have one set for each band of the schedule, or else `default`; here:";
    for (const std::string& band : form.bands) rule.append(" ").append(band);
    reader.refuse(set, rule);
  });
  return table;
}

/// A tier's rates: as an entry's, or buckets alone, which then hold in every band.
RateTable read_tier_rates(FieldReader& reader, const Field& tier, const PriceForm& form) {
  const auto rates = reader.member(tier, "rates", JsonType::object, Need::required);
  if (!rates) return {};
  const JsonChildren children = rates->value->children();
  if (std::any_of(children.begin(), children.end(),
                  [](const JsonValue& child) { return child.is_object(); })) {
    return read_bands(reader, *rates, form);
  }
  const Rates buckets = read_buckets(reader, *rates, form);
  RateTable table;
  for (const std::string& band : form.bands) table.push_back({band, buckets});
  return table;
}

ContextTier read_context_tier(FieldReader& reader, const Field& field, const PriceForm& form) {
  ContextTier tier;
  if (!reader.has_only(field, {"on", "op", "value", "scope", "rates"})) return tier;
  reader.word(field, "on", {"prompt_total"});
  reader.word(field, "scope", {"whole_request"});
  // Without a stated edge, whoever sits exactly on it is billed by a guess.
  reader.member(field, "op", JsonType::string, Need::required);
  const bool is_above = reader.word(field, "op", {"gt", "ge"}) == "gt";
  tier.threshold = reader.whole(field, "value", 1, unbounded - 1, Need::required).value_or(1);
  tier.first_tokens = tier.threshold + (is_above ? 1 : 0);
  tier.rates = read_tier_rates(reader, field, form);
  return tier;
}

/// The `tiers` of an entry or of one of its service tiers, ascending.
std::vector<ContextTier> read_context_tiers(FieldReader& reader, const Field& parent,
                                            const PriceForm& form) {
  std::vector<ContextTier> tiers;
  const auto fields = reader.member(parent, "tiers", JsonType::array, Need::optional);
  if (!fields) return tiers;
  for_each_child(*fields, [&](const Field& field) {
    ContextTier tier = read_context_tier(reader, field, form);
    const auto place = std::lower_bound(tiers.begin(), tiers.end(), tier.first_tokens,
                                        [](const ContextTier& other, std::int64_t first_tokens) {
                                          return other.first_tokens < first_tokens;
                                        });
    if (place != tiers.end() && place->first_tokens == tier.first_tokens) {
      reader.refuse(field, "another tier begins at the same number of tokens");
    }
    tiers.insert(place, std::move(tier));
  });
  return tiers;
}

void read_service_tiers(FieldReader& reader, const Field& entry, const PriceForm& form,
                        EntryRecord& record) {
  const auto tiers = reader.member(entry, "service_tiers", JsonType::object, Need::optional);
  if (!tiers) return;
  for_each_child(*tiers, [&](const Field& field) {
    if (!reader.has_only(field, {"rates", "tiers"})) return;
    record.service_tiers.push_back({std::string(field.value->key),
                                    read_tier_rates(reader, field, form),
                                    read_context_tiers(reader, field, form)});
  });
}

void read_units(FieldReader& reader, const Field& entry, const PriceForm& form,
                EntryRecord& record) {
  const auto units = reader.member(entry, "units", JsonType::object, Need::optional);
  if (!units) return;
  for_each_child(*units, [&](const Field& field) {
    if (!reader.has_only(field, {"price", "per"})) return;
    const std::int64_t per = reader.whole(field, "per", 1, unbounded, Need::required).value_or(1);
    const JsonValue* price = field.value->find("price");
    if (!price) {
      reader.member(field, "price", JsonType::string, Need::required);
      return;
    }
    const auto price_of_one = read_price_of_one(reader, {price, &field}, per, form.may_be_free);
    if (price_of_one) {
      record.entry.units.push_back({std::string(field.value->key), *price_of_one});
    }
  });
}

void read_prices(FieldReader& reader, const Field& field, EntryRecord& record) {
  PriceForm form;
  form.bands = record.schedule ? record.schedule->bands : std::vector<std::string>{"default"};
  form.unit = reader.whole(field, "unit", 1, unbounded).value_or(form.unit);
  form.may_be_free = reader.flag(field, "free");
  record.entry.unit = form.unit;
  if (const auto rates = reader.member(field, "rates", JsonType::object, Need::optional)) {
    record.rates = read_bands(reader, *rates, form);
  } else if (field.value->find("tiers") || field.value->find("service_tiers")) {
    reader.refuse(field, "tiers replace `rates`, and there are none");
  }
  record.tiers = read_context_tiers(reader, field, form);
  read_service_tiers(reader, field, form, record);
  read_units(reader, field, form, record);
  if (!field.value->find("rates") && !field.value->find("units")) {
    reader.refuse(field, "an entry prices something: it has `rates`, `units`, or both");
  }
}

void append_canonical(std::string& out, const JsonValue& value);

void append_members(std::string& out, const JsonValue& object) {
  std::vector<const JsonValue*> members;
  members.reserve(object.children().size());
  for (const JsonValue& member : object.children()) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const JsonValue* a, const JsonValue* b) { return a->key < b->key; });
  for (const JsonValue* member : members) {
    if (member != members.front()) out += ',';
    append_json_string(out, member->key);
    out += ':';
    append_canonical(out, *member);
  }
}

/// No white space, members by name, numbers as written: the same for one content however it is laid
/// out.
void append_canonical(std::string& out, const JsonValue& value) {
  switch (value.type) {
    case JsonType::null:
      out += "null";
      break;
    case JsonType::boolean:
      out += value.boolean ? "true" : "false";
      break;
    case JsonType::number:
      out += value.text;
      break;
    case JsonType::string:
      append_json_string(out, value.text);
      break;
    case JsonType::array:
      out += '[';
      for (const JsonValue& element : value.children()) {
        if (&element != &value.children().front()) out += ',';
        append_canonical(out, element);
      }
      out += ']';
      break;
    case JsonType::object:
      out += '{';
      append_members(out, value);
      out += '}';
      break;
  }
}

void read_validity(FieldReader& reader, const Field& field, PriceEntry& entry) {
  entry.from = reader.instant(field, "from");
  entry.to = reader.instant(field, "to");
  if (entry.from && entry.to && *entry.from >= *entry.to) {
    reader.refuse(field, "`from` is not before `to`");
  }
}

void read_schedule_name(FieldReader& reader, const Field& field, const KnownParts& known,
                        EntryRecord& record) {
  const auto name = reader.member(field, "schedule", JsonType::string, Need::optional);
  if (!name) return;
  record.schedule = known.schedule(name->value->text);
  if (!record.schedule) {
    reader.refuse(*name, "no schedule has this name");
    return;
  }
  record.entry.billing_instant = record.schedule->billing_instant;
}

}  // namespace

EntryRecord read_entry(FieldReader& reader, const Field& field, const KnownParts& known) {
  EntryRecord record;
  if (!reader.has_only(
          field, {"id", "currency", "from", "to", "kind", "schedule", "unit", "rates", "tiers",
                  "service_tiers", "units", "free", "confidence", "note", "source"})) {
    return record;
  }
  PriceEntry& entry = record.entry;
  entry.id = reader.text(field, "id", Need::required);
  entry.currency = reader.currency(field, "currency").value_or(usd);
  read_validity(reader, field, entry);
  entry.kind = reader.word(field, "kind", {"list", "promo", "announced"});
  if (field.value->find("confidence")) {
    entry.confidence = reader.word(field, "confidence", {"high", "medium", "low"});
  }
  entry.note = reader.text(field, "note", Need::optional);
  entry.source = read_source(reader, field);
  record.verified_day = parse_day(entry.source.verified_at);
  append_canonical(entry.json, *field.value);
  entry.sha256 = sha256_hex(entry.json);
  read_schedule_name(reader, field, known, record);
  read_prices(reader, field, record);
  return record;
}

}  // namespace TALLY_ABI
}  // namespace tally
