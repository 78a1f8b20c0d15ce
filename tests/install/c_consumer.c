/* SPDX-License-Identifier: MIT */
/* The example usage of consumer.cpp, in C: prints 0.00868. */
#include <stdio.h>
#include <string.h>

#include "tally/c_api.h"

int main(void) {
  tally_price_catalog* prices = NULL;
  tally_price_query query;
  tally_usage usage;
  tally_list* costs = NULL;
  const tally_cost* cost;
  char text[64];
  tally_error error;
  memset(&error, 0, sizeof(error));
  error.struct_size = sizeof(error);

  tally_price_query_init(&query, sizeof(query));
  query.model.data = "deepseek-chat";
  query.model.size = strlen(query.model.data);
  tally_usage_init(&usage, sizeof(usage));
  usage.has = TALLY_HAS_PROMPT_TOKENS | TALLY_HAS_PROMPT_CACHE_HIT_TOKENS |
              TALLY_HAS_COMPLETION_TOKENS | TALLY_HAS_TOTAL_TOKENS;
  usage.prompt_tokens = 100000;
  usage.prompt_cache_hit_tokens = 80000;
  usage.completion_tokens = 2000;
  usage.total_tokens = 102000;
  if (tally_parse_instant("2026-04-05T12:00:00Z", 20, &query.at_us, &error) < 0 ||
      tally_price_catalog_builtin(&prices, &error) < 0 ||
      tally_cost_of(&usage, prices, &query, &costs, &error) < 0) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  cost = tally_list_at(costs, 0);
  if (tally_amount_to_string(&cost->total.amount, text, sizeof(text), &error) < 0) return 1;
  printf("%s\n", text);
  tally_list_destroy(costs);
  tally_price_catalog_destroy(prices);
  return 0;
}
