// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "base/file.hpp"
#include "pricing/builtin_catalog.hpp"
#include "pricing/catalog_data.hpp"
#include "pricing/catalog_json.hpp"
#include "pricing/lookup.hpp"
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::chrono::hours one_day{24};
constexpr std::int64_t days_until_stale = 30;

/// Day by day, since of a check only its day is known.
bool is_stale(const EntryRecord& record, Instant at) {
  if (!record.verified_day) return true;
  const Instant verified{one_day * *record.verified_day};
  return at >= verified + one_day * (days_until_stale + 1);
}

bool is_announced_near(const PriceCatalog::Data& data, const PriceEntry& entry, Instant at) {
  for (const auto& layer : data.layers) {
    for (const EntryRecord& announced : layer->announced) {
      const PriceEntry& change = announced.entry;
      if (change.model != entry.model || change.provider != entry.provider) continue;
      if (change.currency != entry.currency || !change.from) continue;
      if (at >= *change.from - one_day && at <= *change.from + one_day) return true;
    }
  }
  return false;
}

const EntryRecord* record_at(const PriceCatalog::Data& data, PriceQuery query, Instant at) {
  query.at = at;
  const auto found = find_entry(data, query);
  return found ? found->record : nullptr;
}

/// Asked of the lookup itself: a name can change by its own entry, by an alias or by an upper
/// layer.
bool change_is_near(const PriceCatalog::Data& data, const PriceQuery& query,
                    const EntryRecord& record) {
  const auto has_change = [&query](const auto& layer) { return layer->has_change_near(query.at); };
  // Nearly always nothing changes anywhere; two more lookups would double the time of a price.
  if (std::none_of(data.layers.begin(), data.layers.end(), has_change)) return false;
  return record_at(data, query, query.at + one_day) != &record ||
         record_at(data, query, query.at - one_day) != &record ||
         is_announced_near(data, record.entry, query.at);
}

/// Words with which servers say that the standard rates applied.
bool is_standard_tier(std::string_view tier) {
  return tier.empty() || tier == "default" || tier == "standard" || tier == "auto";
}

const ServiceTier* served_tier(const EntryRecord& record, std::string_view name) {
  const auto found = std::find_if(record.service_tiers.begin(), record.service_tiers.end(),
                                  [name](const ServiceTier& tier) { return tier.name == name; });
  return found == record.service_tiers.end() ? nullptr : &*found;
}

const ContextTier* reached_tier(const std::vector<ContextTier>& tiers, const PriceQuery& query) {
  // Without a count the lowest tier is the only one that is certain to be reached.
  const std::int64_t prompt_tokens = query.prompt_tokens.value_or(0);
  const ContextTier* reached = nullptr;
  for (const ContextTier& tier : tiers) {
    if (prompt_tokens >= tier.first_tokens) reached = &tier;
  }
  return reached;
}

/// Chooses the table by the tiers and remembers in `price` which one it is.
const RateTable& table_of(const EntryRecord& record, const PriceQuery& query, Price& price) {
  const ServiceTier* service = served_tier(record, query.service_tier);
  if (service) {
    price.service_tier = service->name;
  } else if (!is_standard_tier(query.service_tier)) {
    price.flags.push_back(PriceFlag::service_tier_unknown);
  }
  if (const ContextTier* tier = reached_tier(service ? service->tiers : record.tiers, query)) {
    price.context_tier = tier->threshold;
    return tier->rates;
  }
  return service ? service->rates : record.rates;
}

}  // namespace

PriceCatalog::PriceCatalog(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

const PriceCatalog& PriceCatalog::builtin() {
  // Never destroyed: a call on another thread may still be settling while the process exits.
  static const PriceCatalog& catalog = *new PriceCatalog(
      PriceCatalog::parse(builtin_catalog_text(), "built-in catalogue").value_or(none()));
  return catalog;
}

PriceCatalog PriceCatalog::none() { return PriceCatalog(std::make_shared<const Data>()); }

Result<PriceCatalog> PriceCatalog::parse(std::string_view json, std::string_view name) {
  return none().overlaid(json, name);
}

Result<PriceCatalog> PriceCatalog::load(const std::string& path) {
  // Not ifstream: libstdc++'s file buffer throws where a read fails, as it does for a directory.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(open_file(path, "rb"), &std::fclose);
  std::string text;
  char buffer[4096];
  while (file) {
    const std::size_t size = std::fread(buffer, 1, sizeof buffer, file.get());
    if (size == 0) break;
    text.append(buffer, size);
  }
  if (file && !std::ferror(file.get())) return parse(text, path);
  Error error;
  error.message = "cannot read the price catalogue " + path;
  return error;
}

Result<PriceCatalog> PriceCatalog::overlaid(std::string_view json, std::string_view name) const {
  auto layer = read_layer(json, name, data_.get());
  if (!layer) return std::move(layer).error();
  auto data = std::make_shared<Data>();
  data->layers.reserve(data_->layers.size() + 1);
  data->layers.push_back(*std::move(layer));
  data->layers.insert(data->layers.end(), data_->layers.begin(), data_->layers.end());
  return PriceCatalog(std::move(data));
}

PriceCatalog PriceCatalog::over(const PriceCatalog& below) const {
  auto data = std::make_shared<Data>(*data_);
  data->layers.insert(data->layers.end(), below.data_->layers.begin(), below.data_->layers.end());
  return PriceCatalog(std::move(data));
}

Result<Price, Unpriced> PriceCatalog::price_at(const PriceQuery& query) const {
  const auto found = find_entry(*data_, query);
  if (!found) return why_unpriced(*data_, query);
  const EntryRecord& record = *found->record;
  const Schedule* schedule = record.schedule.get();
  Price price;
  price.entry = std::shared_ptr<const PriceEntry>(*found->layer, &record.entry);
  const RateTable& table = table_of(record, query, price);
  const RateSet& set = table[schedule ? schedule->band_at(query.at) : 0];
  price.band = set.band;
  price.rates = &set.rates;
  const auto flag = [&price](PriceFlag flag, bool holds) {
    if (holds) price.flags.push_back(flag);
  };
  flag(PriceFlag::stale, is_stale(record, query.at));
  flag(PriceFlag::calendar_expired, schedule && schedule->calendar_expired(query.at));
  flag(PriceFlag::model_substituted, found->substituted);
  flag(PriceFlag::change_is_near, change_is_near(*data_, query, record));
  return price;
}

std::optional<Instant> PriceCatalog::next_change(const PriceQuery& query) const {
  const EntryRecord* now = record_at(*data_, query, query.at);
  std::optional<Instant> edge;
  if (now && now->schedule) edge = now->schedule->next_edge(query.at);
  for (const Instant change : possible_changes(*data_, query)) {
    if (change <= query.at) continue;
    if (edge && *edge <= change) break;
    if (record_at(*data_, query, change) != now) return change;
  }
  return edge;
}

std::vector<ListedModel> PriceCatalog::models(Instant at, Currency currency) const {
  // Provider and name, to the card behind the name.
  std::map<std::pair<std::string_view, std::string_view>, std::string_view> names;
  for (const auto& layer : data_->layers) {
    for (const Alias& alias : layer->aliases) {
      if (at >= alias.begins() && at < alias.ends()) {
        names.try_emplace({alias.provider, alias.name}, alias.model);
      }
    }
    for (const Card& card : layer->cards) {
      if (card.prices_tokens_at(at)) names.try_emplace({card.provider, card.model}, card.model);
    }
  }
  std::vector<ListedModel> models;
  models.reserve(names.size());
  for (const auto& [key, model] : names) {
    PriceQuery query;
    query.provider = key.first;
    query.model = key.second;
    query.at = at;
    query.currency = currency;
    ListedModel listed{std::string(key.first), std::string(key.second), std::string(model), {}, {}};
    if (auto price = price_at(query)) {
      listed.model = price->entry->model;
      listed.price = *std::move(price);
    }
    listed.next_change = next_change(query);
    models.push_back(std::move(listed));
  }
  return models;
}

const TokenAllowance* PriceCatalog::allowance_at(std::string_view provider, Instant at) const {
  for (const std::string_view wanted : {provider, std::string_view("*")}) {
    for (const auto& layer : data_->layers) {
      for (const TokenAllowance& allowance : layer->allowances) {
        if (allowance.provider != wanted) continue;
        const bool is_in_force =
            (!allowance.from || at >= *allowance.from) && (!allowance.to || at < *allowance.to);
        if (is_in_force) return &allowance;
      }
    }
  }
  return nullptr;
}

PriceCatalog::ModelLimits PriceCatalog::limits_of(const PriceQuery& query) const {
  const auto found = find_entry(*data_, query);
  if (!found) return {};
  const PriceEntry& entry = found->record->entry;
  const KnownName* name = (*found->layer)->find(entry.provider, entry.model);
  if (name == nullptr || name->card == nullptr) return {};
  return {name->card->max_output, name->card->context};
}

std::string PriceCatalog::version() const { return data_->version(); }

std::string_view band_label(const Price& price) {
  if (price.band == "offpeak") return "off-peak";
  return price.band == "default" ? std::string_view() : price.band;
}

std::string to_string(const Price& price) {
  if (!price.entry) return "no price";
  const PriceEntry& entry = *price.entry;
  std::string text = entry.id;
  if (!band_label(price).empty()) text.append(" ").append(band_label(price));
  if (!price.service_tier.empty()) text.append(" ").append(price.service_tier);
  if (price.context_tier) text += " beyond " + std::to_string(*price.context_tier) + " tokens";
  text += " (catalogue " + entry.catalog_version;
  if (!entry.source.name.empty()) text += "; " + entry.source.name;
  text +=
      entry.source.verified_at.empty() ? "; not checked" : ", checked " + entry.source.verified_at;
  return text + ')';
}

}  // namespace TALLY_ABI
}  // namespace tally
