// SPDX-License-Identifier: MIT
#include "pricing/catalog_data.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <set>
#include <string>

using namespace tally;

namespace {

Card card_of(const std::string& provider, const std::string& model) {
  Card card;
  card.provider = provider;
  card.model = model;
  return card;
}

std::string model_of(Layer& layer, const char* provider, const std::string& name) {
  const KnownName* known = layer.find(provider, name);
  return known && known->card ? known->card->provider + '/' + known->card->model : "";
}

}  // namespace

TEST_CASE("names of a catalogue: each of thousands is found as itself, and no other is found") {
  Layer layer;
  for (int i = 0; i < 3000; ++i) {
    layer.cards.push_back(card_of("acme", std::to_string(i)));             // Up to four bytes,
    layer.cards.push_back(card_of("acme", "model-" + std::to_string(i)));  // up to ten.
    layer.cards.push_back(card_of("icme", std::to_string(i)));  // As `acme` for the hash.
  }
  layer.index();
  for (int i = 0; i < 3000; ++i) {
    const std::string number = std::to_string(i);
    CHECK(model_of(layer, "acme", number) == "acme/" + number);
    CHECK(model_of(layer, "icme", number) == "icme/" + number);
    CHECK(model_of(layer, "acme", "model-" + number) == "acme/model-" + number);
    CHECK(layer.find("icme", "model-" + number) == nullptr);
    CHECK(layer.find("acme", "model+" + number) == nullptr);
  }
}

// Of 3,000 balls in 8,192 boxes, 2,512 have one of their own or the first one: 8192 (1 - e^-0.366).
TEST_CASE("names of a catalogue: places are as many as by chance, where names differ in a digit") {
  for (const char* form :
       {"%d", "model-%04d", "deployment-%04d", "%08d", "%05d-some-longer-name"}) {
    std::set<std::uint64_t> places;
    for (int i = 0; i < 3000; ++i) {
      char name[64];
      std::snprintf(name, sizeof name, form, i);
      places.insert(hash_of_name("acme", name) >> (64 - 13));
    }
    INFO(form);
    CHECK(places.size() > 2000);
  }
}

TEST_CASE("names of a catalogue: empty ones, those of eight bytes and longer ones are told apart") {
  Layer layer;
  for (const char* name : {"", "a", "12345678", "123456789", "1234567890123456",
                           "12345678901234567", "1234567x9012345678"}) {
    layer.cards.push_back(card_of("", name));
  }
  layer.index();
  for (const Card& card : layer.cards) {
    CHECK(model_of(layer, "", card.model) == "/" + card.model);
    CHECK(layer.find("other", card.model) == nullptr);
  }
  CHECK(layer.find("", "1234567") == nullptr);
  CHECK(layer.find("", std::string("a\0", 2)) == nullptr);
}

TEST_CASE("names of a catalogue: a layer of nothing knows none") {
  Layer layer;
  CHECK(layer.find("deepseek", "deepseek-chat") == nullptr);
  layer.index();
  CHECK(layer.find("deepseek", "deepseek-chat") == nullptr);
  CHECK(layer.find("", "") == nullptr);
}
