// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "asking.hpp"
#include "tally/import.hpp"

using namespace tally;
using asking::at;

namespace {

PriceCatalog catalog(const std::string& models, const std::string& aliases = "") {
  const auto catalog =
      PriceCatalog::parse(R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [)" +
                          models + R"(], "aliases": [)" + aliases + "]}");
  REQUIRE_MESSAGE(catalog, (catalog ? "" : catalog.error().message));
  return *catalog;
}

std::string model(const std::string& name, const std::string& rates,
                  const std::string& currency = "USD") {
  return R"({"provider": "p", "model": ")" + name + R"(", "entries": [{"id": ")" + name +
         R"(", "currency": ")" + currency + R"(", "free": true, "rates": {"default": {)" + rates +
         "}}}]}";
}

std::string lines(const PriceCatalog& before, const PriceCatalog& after,
                  std::string_view when = "2026-11-21T00:00:00Z") {
  std::string text;
  for (const PriceChange& change : difference(before, after, at(when))) {
    text += to_string(change) + '\n';
  }
  return text;
}

PriceChange change(const char* before, const char* after) {
  PriceChange change;
  change.before = *Decimal::parse(before);
  change.after = *Decimal::parse(after);
  return change;
}

}  // namespace

TEST_CASE("difference: what was added, removed and changed, by name and bucket") {
  const auto before = catalog(model("a", R"("input_cache_miss": "1", "output": "3")") + "," +
                              model("b", R"("output": "5")"));
  const auto after = catalog(model("a", R"("input_cache_miss": "1", "output": "2")") + "," +
                             model("c", R"("output": "0.5")"));
  CHECK(lines(before, after) ==
        "changed p a output: $3 -> $2 per 1M tokens (x 0.666)\n"
        "removed p b output: $5 per 1M tokens\n"
        "added p c output: $0.5 per 1M tokens\n");
  CHECK(lines(before, before) == "");
}

TEST_CASE("difference: currencies are compared each with itself") {
  CHECK(lines(catalog(model("a", R"("output": "3")")),
              catalog(model("a", R"("output": "21")", "CNY"))) ==
        "added p a output: \xC2\xA5"
        "21 per 1M tokens\nremoved p a output: $3 per 1M tokens\n");
}

TEST_CASE("difference: an alias changes with what it names") {
  const std::string models = model("a", R"("output": "3")") + "," + model("b", R"("output": "6")");
  const auto before = catalog(models, R"({"provider": "p", "name": "x", "model": "a"})");
  const auto after = catalog(models, R"({"provider": "p", "name": "x", "model": "b"})");
  CHECK(lines(before, after) == "changed p x output: $3 -> $6 per 1M tokens (x 2)\n");
}

TEST_CASE("difference: the built-in catalogue between two instants of its own") {
  const PriceCatalog& builtin = PriceCatalog::builtin();
  CHECK(difference(builtin, builtin, at("2026-11-21T00:00:00Z")).empty());
  CHECK(!difference(PriceCatalog::none(), builtin, at("2026-11-21T00:00:00Z")).empty());
}

TEST_CASE("difference: a change is large beyond twice, up or down, and to or from 0") {
  CHECK(!change("1", "2").is_large());
  CHECK(change("1", "2.000000000000000001").is_large());
  CHECK(!change("2", "1").is_large());
  CHECK(change("2", "0.999999999999999999").is_large());
  CHECK(change("1", "0").is_large());
  CHECK(change("0", "1").is_large());
  CHECK(!change("0", "0").is_large());
  CHECK(!change("9000000000000000000", "9000000000000000000").is_large());
  CHECK(change("1", "9000000000000000000").is_large());
  PriceChange added = change("1", "5");
  added.before.reset();
  CHECK(!added.is_large());
}

TEST_CASE("difference: a ratio is printed where there is one") {
  PriceChange free = change("0", "0.000001");
  CHECK(to_string(free) == "changed   output: $0 -> $1 per 1M tokens");
  CHECK(to_string(change("0.000001", "0")) == "changed   output: $1 -> $0 per 1M tokens (x 0)");
  CHECK(to_string(change("0.0000003", "0.0000001")) ==
        "changed   output: $0.3 -> $0.1 per 1M tokens (x 0.333)");
}
