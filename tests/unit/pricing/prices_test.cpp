// SPDX-License-Identifier: MIT

// What stands in prices.json, held against the published history.

#include <doctest/doctest.h>

#include <string>

#include "tally/pricing.hpp"
#include "unit/pricing/asking.hpp"

using namespace tally;
using namespace asking;

namespace {

std::string amount(std::string_view model, std::string_view when) {
  const auto price = PriceCatalog::builtin().price_at(query(model, when));
  if (!price) return "none";
  Usage usage;
  usage.source = UsageSource::provider;
  usage.billed.cache_hit = 80000;
  usage.billed.cache_miss = 20000;
  usage.billed.output = 2000;
  return to_string(cost_of(usage, *price));
}

}  // namespace

TEST_CASE("prices: one usage, billed in five moments") {
  CHECK(amount("deepseek-chat", "2026-04-05T12:00:00Z") == "$0.00868");
  CHECK(amount("deepseek-flash", "2026-11-18T02:00:00Z") == "$0.00888");  // Wednesday, peak.
  CHECK(amount("deepseek-flash", "2026-11-18T05:00:00Z") == "$0.00444");
  CHECK(amount("deepseek-flash", "2026-10-01T02:00:00Z") == "$0.00444");  // National Day.
  CHECK(amount("deepseek-flash", "2026-09-10T02:00:00Z") == "none");
}

TEST_CASE("prices: DeepSeek's history, at each change and one second before") {
  struct Change {
    const char* name;
    const char* before;  ///< One second.
    const char* when;
    const char* usd_before;
    const char* usd_then;
    const char* cny_before;
    const char* cny_then;
  };
  const char* const chat = "deepseek-chat";
  const char* const reasoner = "deepseek-reasoner";
  const char* const flash4 = "deepseek-v4-flash";
  const char* const pro4 = "deepseek-v4-pro";
  const char* const vision = "deepseek-v4-flash-vision-exp";
  const char* const flash = "deepseek-flash";
  // clang-format off
  const Change changes[] = {
    {chat, "2024-05-05T23:59:59Z", "2024-05-06T00:00:00Z",
     "none", "-/0.14/0.28", "none", "-/1/2"},
    {chat, "2024-08-01T23:59:59Z", "2024-08-02T00:00:00Z",
     "-/0.14/0.28", "0.014/0.14/0.28", "-/1/2", "0.1/1/2"},
    {chat, "2024-12-25T23:59:59Z", "2024-12-26T00:00:00Z",
     "0.014/0.14/0.28", "0.014/0.14/0.28", "0.1/1/2", "0.1/1/2"},
    {reasoner, "2025-01-19T23:59:59Z", "2025-01-20T00:00:00Z",
     "none", "0.14/0.55/2.19", "none", "1/4/16"},
    {chat, "2025-02-08T15:59:59Z", "2025-02-08T16:00:00Z",
     "0.014/0.14/0.28", "0.07/0.27/1.1", "0.1/1/2", "0.5/2/8"},
    // The night discount begins inside of its own window.
    {chat, "2025-02-26T16:29:59Z", "2025-02-26T16:30:00Z",
     "0.07/0.27/1.1", "0.035/0.135/0.55", "0.5/2/8", "0.25/1/4"},
    {chat, "2025-02-27T00:29:59Z", "2025-02-27T00:30:00Z",
     "0.035/0.135/0.55", "0.07/0.27/1.1", "0.25/1/4", "0.5/2/8"},
    {reasoner, "2025-02-26T16:29:59Z", "2025-02-26T16:30:00Z",
     "0.14/0.55/2.19", "0.035/0.135/0.55", "1/4/16", "0.25/1/4"},
    {reasoner, "2025-02-27T00:29:59Z", "2025-02-27T00:30:00Z",
     "0.035/0.135/0.55", "0.14/0.55/2.19", "0.25/1/4", "1/4/16"},
    {chat, "2025-09-05T15:59:59Z", "2025-09-05T16:00:00Z",
     "0.07/0.27/1.1", "0.07/0.56/1.68", "0.5/2/8", "0.5/4/12"},
    {reasoner, "2025-09-05T15:59:59Z", "2025-09-05T16:00:00Z",
     "0.14/0.55/2.19", "0.07/0.56/1.68", "1/4/16", "0.5/4/12"},
    {chat, "2025-09-28T23:59:59Z", "2025-09-29T00:00:00Z",
     "0.07/0.56/1.68", "0.028/0.28/0.42", "0.5/4/12", "0.2/2/3"},
    {reasoner, "2025-09-28T23:59:59Z", "2025-09-29T00:00:00Z",
     "0.07/0.56/1.68", "0.028/0.28/0.42", "0.5/4/12", "0.2/2/3"},
    {flash4, "2026-04-23T23:59:59Z", "2026-04-24T00:00:00Z",
     "none", "0.028/0.14/0.28", "none", "0.2/1/2"},
    {chat, "2026-04-23T23:59:59Z", "2026-04-24T00:00:00Z",
     "0.028/0.28/0.42", "0.028/0.14/0.28", "0.2/2/3", "0.2/1/2"},
    {reasoner, "2026-04-23T23:59:59Z", "2026-04-24T00:00:00Z",
     "0.028/0.28/0.42", "0.028/0.14/0.28", "0.2/2/3", "0.2/1/2"},
    {pro4, "2026-04-23T23:59:59Z", "2026-04-24T00:00:00Z",
     "none", "0.145/1.74/3.48", "none", "1/12/24"},
    {flash4, "2026-04-26T12:14:59Z", "2026-04-26T12:15:00Z",
     "0.028/0.14/0.28", "0.0028/0.14/0.28", "0.2/1/2", "0.02/1/2"},
    {chat, "2026-04-26T12:14:59Z", "2026-04-26T12:15:00Z",
     "0.028/0.14/0.28", "0.0028/0.14/0.28", "0.2/1/2", "0.02/1/2"},
    {reasoner, "2026-04-26T12:14:59Z", "2026-04-26T12:15:00Z",
     "0.028/0.14/0.28", "0.0028/0.14/0.28", "0.2/1/2", "0.02/1/2"},
    {pro4, "2026-04-26T12:14:59Z", "2026-04-26T12:15:00Z",
     "0.145/1.74/3.48", "0.0145/1.74/3.48", "1/12/24", "0.1/12/24"},
    // The first instant of the promotion is disputed; the list price holds until it is certain.
    {pro4, "2026-04-26T23:59:59Z", "2026-04-27T00:00:00Z",
     "0.0145/1.74/3.48", "0.003625/0.435/0.87", "0.1/12/24", "0.025/3/6"},
    {pro4, "2026-05-31T15:58:59Z", "2026-05-31T15:59:00Z",
     "0.003625/0.435/0.87", "0.003625/0.435/0.87", "0.025/3/6", "0.025/3/6"},
    {chat, "2026-07-24T15:58:59Z", "2026-07-24T15:59:00Z",
     "0.0028/0.14/0.28", "none", "0.02/1/2", "none"},
    {reasoner, "2026-07-24T15:58:59Z", "2026-07-24T15:59:00Z",
     "0.0028/0.14/0.28", "none", "0.02/1/2", "none"},
    {flash4, "2026-08-16T15:59:59Z", "2026-08-16T16:00:00Z",
     "0.0028/0.14/0.28", "0.007/0.22/0.66", "0.02/1/2", "0.05/1.5/4.5"},
    {flash4, "2026-08-17T00:59:59Z", "2026-08-17T01:00:00Z",
     "0.007/0.22/0.66", "0.014/0.44/1.32", "0.05/1.5/4.5", "0.1/3/9"},
    {pro4, "2026-08-16T15:59:59Z", "2026-08-16T16:00:00Z",
     "0.003625/0.435/0.87", "0.022/0.66/1.98", "0.025/3/6", "0.15/4.5/13.5"},
    {pro4, "2026-08-17T00:59:59Z", "2026-08-17T01:00:00Z",
     "0.022/0.66/1.98", "0.044/1.32/3.96", "0.15/4.5/13.5", "0.3/9/27"},
    {vision, "2026-08-20T23:59:59Z", "2026-08-21T00:00:00Z",
     "none", "0.007/0.22/0.66", "none", "0.05/1.5/4.5"},
    {vision, "2026-08-21T00:59:59Z", "2026-08-21T01:00:00Z",
     "0.007/0.22/0.66", "0.014/0.44/1.32", "0.05/1.5/4.5", "0.1/3/9"},
    {flash, "2026-09-10T03:59:59Z", "2026-09-10T04:00:00Z",
     "none", "0.003/0.15/0.6", "none", "0.02/1/4"},
    {flash, "2026-09-10T05:59:59Z", "2026-09-10T06:00:00Z",
     "0.003/0.15/0.6", "0.006/0.3/1.2", "0.02/1/4", "0.04/2/8"},
    // A Thursday's peak ends with the old card.
    {flash4, "2026-09-10T03:59:59Z", "2026-09-10T04:00:00Z",
     "0.014/0.44/1.32", "0.003/0.15/0.6", "0.1/3/9", "0.02/1/4"},
    {flash4, "2026-09-10T05:59:59Z", "2026-09-10T06:00:00Z",
     "0.003/0.15/0.6", "0.006/0.3/1.2", "0.02/1/4", "0.04/2/8"},
    {vision, "2026-09-10T03:59:59Z", "2026-09-10T04:00:00Z",
     "0.014/0.44/1.32", "0.003/0.15/0.6", "0.1/3/9", "0.02/1/4"},
    {vision, "2026-09-10T05:59:59Z", "2026-09-10T06:00:00Z",
     "0.003/0.15/0.6", "0.006/0.3/1.2", "0.02/1/4", "0.04/2/8"},
  };
  // clang-format on
  for (const Change& change : changes) {
    CAPTURE(change.name);
    CAPTURE(change.when);
    CHECK(rates(change.name, change.before) == change.usd_before);
    CHECK(rates(change.name, change.when) == change.usd_then);
    CHECK(rates(change.name, change.before, cny) == change.cny_before);
    CHECK(rates(change.name, change.when, cny) == change.cny_then);
  }
}

TEST_CASE("prices: peak hours hold on every day first, then on weekdays, then on workdays") {
  const char* const peak = "0.044/1.32/3.96";
  const char* const offpeak = "0.022/0.66/1.98";
  const char* const pro = "deepseek-v4-pro";
  CHECK(rates(pro, "2026-08-22T06:00:00Z") == peak);  // Saturday, before the weekend rule.
  CHECK(rates(pro, "2026-08-22T09:59:59Z") == peak);
  CHECK(rates(pro, "2026-08-22T10:00:00Z") == offpeak);
  CHECK(rates(pro, "2026-08-23T06:00:00Z") == offpeak);  // Sunday, after it.
  CHECK(rates(pro, "2026-08-24T00:59:59Z") == offpeak);  // Monday
  CHECK(rates(pro, "2026-08-24T01:00:00Z") == peak);
  CHECK(rates(pro, "2026-08-24T03:59:59Z") == peak);
  CHECK(rates(pro, "2026-08-24T04:00:00Z") == offpeak);
  CHECK(rates(pro, "2026-09-18T06:00:00Z") == peak);     // Friday
  CHECK(rates(pro, "2026-09-19T06:00:00Z") == offpeak);  // Saturday
  CHECK(rates(pro, "2026-09-21T06:00:00Z") == peak);     // Monday, under the holiday rule.
  CHECK(rates(pro, "2026-09-25T06:00:00Z") == offpeak);  // Friday, Mid-Autumn.
  CHECK(rates(pro, "2026-10-07T06:00:00Z") == offpeak);
  CHECK(rates(pro, "2026-10-08T06:00:00Z") == peak);
  CHECK(rates(pro, "2026-10-10T06:00:00Z") == offpeak);  // A Saturday that is worked.
}
