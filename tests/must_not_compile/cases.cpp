// SPDX-License-Identifier: MIT
// Uses that a compiler has to refuse: one case each, chosen by a macro. Without a macro the file
// compiles, so that a case fails for its own line only.
#include "tally/tally.hpp"

using namespace tally;  // NOLINT

void uses(const Client& client, const Usage& usage, Money money, Decimal decimal) {
  (void)client, (void)usage, (void)money, (void)decimal;

#ifdef CASE_money_is_added_by_an_operator
  (void)(money + money);  // Two currencies have no sum: add() says so.
#endif
#ifdef CASE_money_is_ordered
  (void)(money < money);
#endif
#ifdef CASE_money_is_multiplied_by_a_float
  (void)(money * 1.5);
#endif
#ifdef CASE_decimal_is_made_from_a_float
  decimal = Decimal{0.5};
#endif
#ifdef CASE_decimal_is_assigned_a_float
  decimal = 0.5;
#endif
#ifdef CASE_decimal_becomes_a_float
  double amount = decimal;
  (void)amount;
#endif
#ifdef CASE_decimals_are_added_by_an_operator
  (void)(decimal + decimal);  // It may overflow: checked_add() says so.
#endif
#ifdef CASE_an_absent_count_is_taken_for_a_number
  std::int64_t tokens = usage.prompt_tokens;
  (void)tokens;
#endif
#ifdef CASE_a_result_is_ignored
  Decimal::parse("1");
#endif
#ifdef CASE_a_catalogue_with_errors_is_ignored
  PriceCatalog::builtin().overlaid("{}");
#endif
#ifdef CASE_a_poll_that_may_be_busy_is_ignored
  client.poll();
#endif
#ifdef CASE_a_result_is_taken_for_its_value
  Decimal parsed = Decimal::parse("1");
  (void)parsed;
#endif
#ifdef CASE_a_result_is_taken_for_a_number
  int parsed = Decimal::parse("1");
  (void)parsed;
#endif
#ifdef CASE_a_stream_is_copied
  Stream stream = client.stream({});
  Stream copy = stream;
#endif
#ifdef CASE_a_client_is_made_without_open
  Client fresh;
#endif
#ifdef CASE_a_tariff_instant_is_a_steady_one
  PriceQuery query;
  query.at = SteadyInstant();
#endif
}
