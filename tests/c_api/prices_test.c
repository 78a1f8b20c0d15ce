/* SPDX-License-Identifier: MIT */
/* Prices through the C ABI, as C99. */

#include "expect.h"

/* 2026-04-05T12:00:00Z */
static const int64_t april = INT64_C(1775390400) * 1000000;

static tally_price_query query_for(const char* model, int64_t at_us) {
  tally_price_query query;
  EXPECT(tally_price_query_init(&query, sizeof(query)) == TALLY_OK);
  query.model = text_of(model);
  query.at_us = at_us;
  return query;
}

/* 80,000 * $0.028 / 10^6 + 20,000 * $0.28 / 10^6 + 2,000 * $0.42 / 10^6 = $0.00868 */
static void a_usage_costs_what_it_costs_by_hand(const tally_price_catalog* prices) {
  tally_error error = no_error();
  tally_usage usage;
  tally_list* costs = NULL;
  const tally_cost* cost;
  char text[64];
  const tally_price_query query = query_for("deepseek-chat", april);
  EXPECT(tally_usage_init(&usage, sizeof(usage)) == TALLY_OK);
  usage.has = TALLY_HAS_PROMPT_TOKENS | TALLY_HAS_PROMPT_CACHE_HIT_TOKENS |
              TALLY_HAS_PROMPT_CACHE_MISS_TOKENS | TALLY_HAS_COMPLETION_TOKENS |
              TALLY_HAS_TOTAL_TOKENS;
  usage.prompt_tokens = 100000;
  usage.prompt_cache_hit_tokens = 80000;
  usage.prompt_cache_miss_tokens = 20000;
  usage.completion_tokens = 2000;
  usage.total_tokens = 102000;
  EXPECT_OK(tally_cost_of(&usage, prices, &query, &costs, &error));
  EXPECT(tally_list_size(costs) == 1);
  EXPECT(tally_list_at(costs, 1) == NULL);
  cost = tally_list_at(costs, 0);
  EXPECT(cost->has & TALLY_HAS_TOTAL);
  EXPECT(cost->total.amount.units == 0);
  EXPECT(cost->total.amount.attos == INT64_C(8680000000000000));
  EXPECT(strcmp(cost->total.currency, "USD") == 0);
  EXPECT_TEXT(cost->text, "$0.00868");
  EXPECT(cost->is_estimate == 0);
  EXPECT(cost->lines_count == 3);
  EXPECT(tally_money_to_string(&cost->total, -1, text, sizeof(text), &error) == 8);
  EXPECT(strcmp(text, "$0.00868") == 0);
  tally_list_destroy(costs);
}

static void an_unknown_model_has_no_cost(const tally_price_catalog* prices) {
  tally_error error = no_error();
  tally_usage usage;
  tally_list* costs = NULL;
  tally_list* price = NULL;
  const tally_cost* cost;
  const tally_price_query query = query_for("no-such-model", april);
  tally_usage_init(&usage, sizeof(usage));
  usage.has = TALLY_HAS_PROMPT_TOKENS | TALLY_HAS_COMPLETION_TOKENS;
  usage.prompt_tokens = 100;
  usage.completion_tokens = 7;
  EXPECT_OK(tally_cost_of(&usage, prices, &query, &costs, &error));
  cost = tally_list_at(costs, 0);
  EXPECT((cost->has & TALLY_HAS_TOTAL) == 0);
  EXPECT(cost->unpriced_reason == TALLY_UNPRICED_UNKNOWN_MODEL);
  EXPECT(cost->price == NULL);
  tally_list_destroy(costs);

  EXPECT(tally_price_catalog_price_at(prices, &query, &price, &error) == TALLY_E_UNPRICED);
  EXPECT(error.code == TALLY_E_UNPRICED);
  EXPECT(strstr(error.message, "no-such-model") != NULL);
  EXPECT(price == NULL);
}

static void a_price_says_where_it_comes_from(const tally_price_catalog* prices) {
  tally_error error = no_error();
  tally_list* list = NULL;
  const tally_price* price;
  int64_t next = 0;
  uint64_t i, priced_output = 0;
  /* 2026-11-18T05:00:00Z, a Wednesday: off-peak until 06:00. */
  const int64_t at = INT64_C(1794978000) * 1000000;
  const tally_price_query query = query_for("deepseek-flash", at);
  EXPECT_OK(tally_price_catalog_price_at(prices, &query, &list, &error));
  price = tally_list_at(list, 0);
  EXPECT_TEXT(price->band, "offpeak");
  EXPECT_TEXT(price->model, "deepseek-v4.1-flash");
  EXPECT(price->source_url.size > 0);
  EXPECT(price->sha256.size == 64);
  for (i = 0; i < price->rates_count; ++i) {
    if (price->rates[i]->bucket == TALLY_BUCKET_OUTPUT) {
      EXPECT_TEXT(price->rates[i]->name, "output");
      ++priced_output;
    }
  }
  EXPECT(priced_output == 1);
  EXPECT(tally_price_catalog_next_change(prices, &query, &next, &error) == 1);
  EXPECT(next == at + INT64_C(3600) * 1000000);
  tally_list_destroy(list);
}

static const char own_prices[] =
    "{\"schema\": \"tally.prices/1\", \"catalog_version\": \"mine\", \"models\": [{"
    "\"provider\": \"deepseek\", \"model\": \"mine\", \"entries\": [{\"id\": \"m\", \"currency\": "
    "\"USD\", \"from\": \"2026-01-01T00:00:00Z\", \"free\": true, \"rates\": {\"default\": {"
    "\"input_cache_miss\": \"1\", \"output\": \"3\"}}}]}]}";

static void a_file_of_ones_own_goes_over_the_built_in_one(const tally_price_catalog* builtin) {
  tally_error error = no_error();
  tally_price_catalog* both = NULL;
  tally_price_catalog* mine = NULL;
  tally_price_catalog* again = NULL;
  tally_string* version = NULL;
  tally_list* models = NULL;
  tally_list* changes = NULL;
  uint64_t i;
  int found = 0;
  EXPECT_OK(
      tally_price_catalog_overlaid(builtin, TEXT(own_prices), TEXT("mine.json"), &both, &error));
  EXPECT_OK(tally_price_catalog_parse(TEXT(own_prices), NULL, 0, &mine, &error));
  EXPECT_OK(tally_price_catalog_over(mine, builtin, &again, &error));
  EXPECT_OK(tally_price_catalog_version(again, &version, &error));
  EXPECT(strncmp(tally_string_data(version), "mine+", 5) == 0);
  EXPECT(tally_string_size(version) == strlen(tally_string_data(version)));
  EXPECT_OK(tally_price_catalog_models(both, april, NULL, 0, &models, &error));
  for (i = 0; i < tally_list_size(models); ++i) {
    const tally_listed_model* model = tally_list_at(models, i);
    if (model->name.size == 4 && memcmp(model->name.data, "mine", 4) == 0) {
      found = 1;
      EXPECT(model->price != NULL);
      EXPECT(strcmp(model->price->currency, "USD") == 0);
    }
  }
  EXPECT(found);
  EXPECT_OK(tally_difference(builtin, both, april, &changes, &error));
  EXPECT(tally_list_size(changes) == 2);
  if (tally_list_size(changes) == 2) {
    const tally_price_change* change = tally_list_at(changes, 1);
    EXPECT(change->has == TALLY_HAS_AFTER);
    EXPECT(change->after.amount.attos == INT64_C(3000000000000));
    EXPECT_TEXT(change->text, "added deepseek mine output: $3 per 1M tokens");
  }
  tally_list_destroy(changes);
  tally_list_destroy(models);
  tally_string_destroy(version);
  tally_price_catalog_destroy(again);
  tally_price_catalog_destroy(mine);
  tally_price_catalog_destroy(both);

  EXPECT(tally_price_catalog_parse(TEXT("{}"), TEXT("empty.json"), &mine, &error) ==
         TALLY_E_INVALID_CATALOG);
  EXPECT(mine == NULL);
  EXPECT(strstr(error.message, "empty.json") != NULL);
  EXPECT(tally_price_catalog_load(TEXT("/no/such/file.json"), &mine, &error) < 0);
}

static void a_public_list_is_imported(const tally_price_catalog* builtin) {
  static const char list[] =
      "{\"m\": {\"litellm_provider\": \"openai\", \"mode\": \"chat\", \"input_cost_per_token\": "
      "1e-6, \"output_cost_per_token\": 2e-6}, \"broken\": {\"litellm_provider\": \"openai\", "
      "\"mode\": \"chat\", \"input_cost_per_token\": -1, \"output_cost_per_token\": 2e-6}}";
  tally_error error = no_error();
  tally_import_options options;
  tally_price_catalog* imported = NULL;
  tally_string* json = NULL;
  tally_list* refused = NULL;
  tally_list* prices = NULL;
  tally_price_query query = query_for("m", april + 1);
  const tally_price* price;
  EXPECT(tally_import_options_init(&options, sizeof(options)) == TALLY_OK);
  options.source_name = text_of("LiteLLM at 8c1d2f0");
  options.imported_at_us = april;
  options.in_use = builtin;
  EXPECT_OK(tally_import_prices(TALLY_LIST_LITELLM, TEXT(list), &options, &imported, &json,
                                &refused, &error));
  EXPECT(strstr(tally_string_data(json), "tally.prices/1") != NULL);
  EXPECT(tally_list_size(refused) == 1);
  if (tally_list_size(refused) == 1) {
    const tally_refused_price* no = tally_list_at(refused, 0);
    EXPECT_TEXT(no->name, "broken");
    EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_IMPORT_REFUSAL, no->reason), "negative_price") ==
           0);
  }
  query.provider = text_of("openai");
  EXPECT_OK(tally_price_catalog_price_at(imported, &query, &prices, &error));
  price = tally_list_at(prices, 0);
  EXPECT_TEXT(price->source_name, "import: LiteLLM at 8c1d2f0");
  EXPECT(price->flags & TALLY_PRICE_STALE);
  tally_list_destroy(prices);
  tally_list_destroy(refused);
  tally_string_destroy(json);
  tally_price_catalog_destroy(imported);
  EXPECT(tally_import_prices(7, TEXT(list), NULL, &imported, NULL, NULL, &error) ==
         TALLY_E_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "list") != NULL);
}

static void wrong_arguments_are_named(const tally_price_catalog* prices) {
  tally_error error = no_error();
  tally_price_query query = query_for("deepseek-chat", april);
  tally_list* list = NULL;
  tally_ledger* ledger = NULL;
  EXPECT(tally_price_catalog_price_at(prices, NULL, &list, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "query") != NULL);
  EXPECT(tally_price_catalog_price_at(prices, &query, NULL, NULL) == TALLY_E_INVALID_ARGUMENT);
  query.struct_size = 4;
  EXPECT(tally_price_catalog_price_at(prices, &query, &list, &error) == TALLY_E_INVALID_ARGUMENT);
  query = query_for("deepseek-chat", april);
  query.model = text_of("\xff");
  EXPECT(tally_price_catalog_price_at(prices, &query, &list, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "query.model") != NULL);
  query.model = text_of("deepseek-chat");
  query.currency = text_of("dollars");
  EXPECT(tally_price_catalog_price_at(prices, &query, &list, &error) == TALLY_E_INVALID_ARGUMENT);
  query.currency = text_of("USD");
  EXPECT_OK(tally_ledger_in_memory(&ledger, &error));
  EXPECT(tally_price_catalog_price_at((const tally_price_catalog*)(const void*)ledger, &query,
                                      &list, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(list == NULL);
  tally_ledger_destroy(ledger);
}

int main(void) {
  tally_error error = no_error();
  tally_price_catalog* builtin = NULL;
  tally_price_catalog* none = NULL;
  EXPECT_OK(tally_price_catalog_builtin(&builtin, &error));
  EXPECT_OK(tally_price_catalog_none(&none, &error));
  a_usage_costs_what_it_costs_by_hand(builtin);
  an_unknown_model_has_no_cost(builtin);
  an_unknown_model_has_no_cost(none);
  a_price_says_where_it_comes_from(builtin);
  a_file_of_ones_own_goes_over_the_built_in_one(builtin);
  a_public_list_is_imported(builtin);
  wrong_arguments_are_named(builtin);
  tally_price_catalog_destroy(none);
  tally_price_catalog_destroy(builtin);
  tally_price_catalog_destroy(NULL);
  return result("prices");
}
