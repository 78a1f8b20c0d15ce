// SPDX-License-Identifier: MIT
#include "pricing/catalog_data.hpp"

#include <algorithm>
#include <cstring>

namespace tally {
inline namespace TALLY_ABI {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Host names compare without case (RFC 4343).
bool same_host(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::uint64_t mixed(std::uint64_t hash, const char* eight_bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, eight_bytes, sizeof word);
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32;  // A product's low bits know nothing of its factors' high ones.
}

/// The instants at which a validity begins and ends, where it does.
template <class Part>
void add_ends(std::vector<Instant>& changes, const Part& part) {
  if (part.from) changes.push_back(*part.from);
  if (part.to) changes.push_back(*part.to);
}

}  // namespace

bool Card::is_for_host(std::string_view host) const {
  if (hosts.empty() || host.empty()) return true;
  return std::any_of(hosts.begin(), hosts.end(),
                     [host](const std::string& named) { return same_host(named, host); });
}

const EntryRecord* Card::entry_at(Instant at, Currency currency) const {
  const auto after = std::upper_bound(entries.begin(), entries.end(), at,
                                      [currency](Instant wanted, const EntryRecord& record) {
                                        if (record.entry.currency != currency) {
                                          return currency.view() < record.entry.currency.view();
                                        }
                                        return wanted < record.begins();
                                      });
  if (after == entries.begin()) return nullptr;
  const EntryRecord& record = *std::prev(after);
  return record.entry.currency == currency && at < record.ends() ? &record : nullptr;
}

bool Card::prices_tokens_at(Instant at) const {
  return std::any_of(entries.begin(), entries.end(), [at](const EntryRecord& record) {
    return record.prices_tokens() && at >= record.begins() && at < record.ends();
  });
}

const Alias* KnownName::alias_at(Instant at) const {
  const Alias* after =
      std::upper_bound(first_alias, last_alias, at,
                       [](Instant wanted, const Alias& alias) { return wanted < alias.begins(); });
  if (after == first_alias) return nullptr;
  const Alias* alias = after - 1;
  return at < alias->ends() ? alias : nullptr;
}

// Eight bytes at a time: the library's hash and table took 18 % of a cost, this takes 6.
std::uint64_t hash_of_name(std::string_view provider, std::string_view name) {
  const std::size_t last = provider.empty() ? 0 : static_cast<unsigned char>(provider.back());
  std::uint64_t hash = name.size() + 31 * provider.size() + 1031 * last;
  constexpr std::size_t step = sizeof hash;
  if (name.size() < step) {
    char padded[step] = {};
    std::copy(name.begin(), name.end(), padded);
    return mixed(hash, padded);
  }
  for (std::size_t at = 0; at + step < name.size(); at += step) hash = mixed(hash, &name[at]);
  return mixed(hash, &name[name.size() - step]);  // Some of its bytes twice, none left out.
}

void Layer::index() {
  int bits = 1;
  while (std::size_t{1} << bits <= 2 * (cards.size() + aliases.size())) ++bits;
  names_.resize(std::size_t{1} << bits);
  low_bits_ = 64 - bits;
  for (const Card& card : cards) {
    place(card.provider, card.model).card = &card;
    for (const EntryRecord& record : card.entries) add_ends(changes_, record.entry);
  }
  for (const Alias& alias : aliases) {
    KnownName& name = place(alias.provider, alias.name);
    if (!name.first_alias) name.first_alias = &alias;
    name.last_alias = &alias + 1;
    add_ends(changes_, alias);
  }
  for (Alias& alias : aliases) alias.meant = find(alias.provider, alias.model);
  for (const EntryRecord& record : announced) add_ends(changes_, record.entry);
  std::sort(changes_.begin(), changes_.end());
  changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
}

bool Layer::has_change_near(Instant at) const {
  constexpr std::chrono::hours one_day{24};
  const auto change = std::lower_bound(changes_.begin(), changes_.end(), at - one_day);
  return change != changes_.end() && *change <= at + one_day;
}

std::size_t Layer::place_of(std::string_view provider, std::string_view name) const {
  const std::size_t mask = names_.size() - 1;
  auto at = static_cast<std::size_t>(hash_of_name(provider, name) >> low_bits_);
  while (!names_[at].is_free() && !(names_[at].name == name && names_[at].provider == provider)) {
    at = (at + 1) & mask;
  }
  return at;
}

KnownName& Layer::place(std::string_view provider, std::string_view name) {
  NamePlace& place = names_[place_of(provider, name)];
  place.provider = provider;
  place.name = name;
  return place.known;
}

const KnownName* Layer::find(std::string_view provider, std::string_view name) const {
  if (names_.empty()) return nullptr;
  const NamePlace& place = names_[place_of(provider, name)];
  return place.is_free() ? nullptr : &place.known;
}

std::string PriceCatalog::Data::version() const {
  std::string version;
  for (const auto& layer : layers) {
    version.append(version.empty() ? "" : "+").append(layer->version);
  }
  return version;
}

}  // namespace TALLY_ABI
}  // namespace tally
