/* SPDX-License-Identifier: MIT */
/* ledger_test [<file>]: a client, its ledger and budgets through the C ABI, over a transport of the
 * host's own, as C99. With a file the ledger is on disk. */

#include "canned_transport.h"
#include "expect.h"

/* 2026-11-18T05:00:00Z: deepseek-flash is off-peak. */
static const int64_t wednesday = INT64_C(1794978000) * 1000000;

static int64_t TALLY_CALL steady_ns(void* user) {
  int64_t* now = user;
  return *now += 1000;
}
static int64_t TALLY_CALL wall_us(void* user) {
  (void)user;
  return wednesday;
}

static tally_ledger* open_ledger(const char* file) {
  tally_error error = no_error();
  tally_ledger_options options;
  tally_ledger* ledger = NULL;
  if (file == NULL) {
    EXPECT_OK(tally_ledger_in_memory(&ledger, &error));
    return ledger;
  }
  EXPECT(tally_ledger_options_init(&options, sizeof(options)) == TALLY_OK);
  EXPECT(options.lock_timeout_ms == 10000);
  options.durability = TALLY_DURABILITY_BATCHED;
  EXPECT_OK(tally_ledger_open(file, strlen(file), &options, &ledger, &error));
  return ledger;
}

static tally_client* open_client(struct canned* canned, const tally_ledger* ledger,
                                 int64_t* steady) {
  tally_error error = no_error();
  tally_client_options options;
  tally_retries retries;
  tally_clock clock;
  const tally_transport transport = canned_transport(canned);
  tally_client* client = NULL;
  memset(&clock, 0, sizeof(clock));
  clock.struct_size = sizeof(clock);
  clock.user = steady;
  clock.steady_ns = steady_ns;
  clock.wall_us = wall_us;
  EXPECT(tally_retries_init(&retries, sizeof(retries)) == TALLY_OK);
  EXPECT(retries.most == 2);
  retries.most = 0;
  EXPECT(tally_client_options_init(&options, sizeof(options)) == TALLY_OK);
  options.api_key = text_of("sk-test");
  options.ledger = ledger;
  options.retries = &retries;
  options.clock = &clock;
  options.transport = &transport;
  EXPECT_OK(tally_client_open(&options, &client, &error));
  return client;
}

static tally_chat_request* three_rivers(void) {
  tally_error error = no_error();
  tally_chat_request* request = NULL;
  tally_chat_parameters parameters;
  EXPECT_OK(tally_chat_request_create(&request, &error));
  EXPECT(tally_chat_parameters_init(&parameters, sizeof(parameters)) == TALLY_OK);
  parameters.model = text_of("deepseek-flash");
  parameters.has = TALLY_HAS_MAX_TOKENS;
  parameters.max_tokens = 50;
  EXPECT_OK(tally_chat_request_set(request, &parameters, &error));
  EXPECT_OK(
      tally_chat_request_push_text(request, TALLY_ROLE_USER, TEXT("Name three rivers."), &error));
  return request;
}

static tally_call_options asked_by(const char* npc, tally_pair* label) {
  tally_call_options options;
  tally_call_options_init(&options, sizeof(options));
  label->key = text_of("npc");
  label->value = text_of(npc);
  options.labels = label;
  options.labels_count = 1;
  return options;
}

static int32_t TALLY_CALL collect(void* user, const tally_event* delta) {
  if (delta->kind == TALLY_EVENT_TEXT) strncat(user, delta->text.data, (size_t)delta->text.size);
  return 0;
}

/* 18 * $0.15 / 10^6 + 42 * $0.60 / 10^6 = $0.0000279 */
static void expect_the_price(const tally_cost* cost) {
  EXPECT(cost->has & TALLY_HAS_TOTAL);
  EXPECT(cost->total.amount.units == 0);
  EXPECT(cost->total.amount.attos == INT64_C(27900000000000));
}

static void an_answer_is_the_same_in_pieces_of_any_size(tally_client* client,
                                                        struct canned* canned) {
  static const uint64_t pieces[] = {1, 2, 7, 64, 100000};
  tally_error error = no_error();
  tally_pair label;
  const tally_call_options options = asked_by("smith", &label);
  tally_chat_request* request = three_rivers();
  size_t i;
  for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); ++i) {
    tally_completion* completion = NULL;
    const tally_receipt* receipt;
    char text[100] = "";
    canned->piece = pieces[i];
    EXPECT_OK(tally_client_chat(client, request, &options, collect, text, &completion, &error));
    EXPECT(strcmp(text, "Elbe, Oder, Rhein") == 0);
    EXPECT_TEXT(tally_completion_reply(completion)->text, "Elbe, Oder, Rhein");
    EXPECT(tally_completion_error(completion) == NULL);
    receipt = tally_completion_receipt(completion);
    EXPECT(receipt->state == TALLY_STATE_SETTLED);
    EXPECT(receipt->attempts_count == 1);
    EXPECT(receipt->ledger_error == NULL);
    expect_the_price(receipt->cost);
    tally_completion_destroy(completion);
  }
  EXPECT(strstr(canned->last_request, "Name three rivers.") != NULL);
  EXPECT(strstr(canned->last_request, "sk-test") == NULL);
  tally_chat_request_destroy(request);
}

static tally_budget budget_of_smith(const char* id, const char* limit, tally_pair* label) {
  tally_error error = no_error();
  tally_budget budget;
  EXPECT(tally_budget_init(&budget, sizeof(budget)) == TALLY_OK);
  EXPECT(budget.window == TALLY_WINDOW_TOTAL);
  EXPECT(budget.assume_max_tokens == 8192);
  EXPECT_OK(tally_decimal_parse(limit, strlen(limit), &budget.limit.amount, &error));
  memcpy(budget.limit.currency, "USD", 4);
  budget.id = text_of(id);
  budget.window = TALLY_WINDOW_DAY;
  budget.zone = text_of("+08:00");
  label->key = text_of("npc");
  label->value = text_of("smith");
  budget.scope = label;
  budget.scope_count = 1;
  return budget;
}

/* Five calls of $0.0000279 were made: 5 * 0.0000279 = 0.0001395. */
static void a_budget_counts_what_was_spent(const tally_ledger* ledger) {
  tally_error error = no_error();
  tally_pair label;
  const tally_budget budget = budget_of_smith("smith-day", "1", &label);
  tally_list* list = NULL;
  const tally_budget_status* status;
  const tally_budget* kept;
  EXPECT_OK(tally_ledger_set_budget(ledger, &budget, &error));
  EXPECT_OK(tally_ledger_budget_status(ledger, TEXT("smith-day"), wednesday, &list, &error));
  status = tally_list_at(list, 0);
  EXPECT(status->spent.attos == INT64_C(139500000000000));
  EXPECT(status->held.units == 0 && status->held.attos == 0);
  EXPECT(status->left.units == 0 && status->left.attos == INT64_C(999860500000000000));
  /* 2026-11-18T00:00:00+08:00, for a day. */
  EXPECT(status->window_begin_us == wednesday - INT64_C(13) * 3600 * 1000000);
  EXPECT(status->window_end_us == status->window_begin_us + INT64_C(24) * 3600 * 1000000);
  tally_list_destroy(list);

  EXPECT_OK(tally_ledger_budgets(ledger, &list, &error));
  EXPECT(tally_list_size(list) == 1);
  kept = tally_list_at(list, 0);
  EXPECT_TEXT(kept->zone, "+08:00");
  EXPECT(kept->scope_count == 1);
  EXPECT_TEXT(kept->scope[0].value, "smith");
  EXPECT(kept->limit.amount.units == 1);
  tally_list_destroy(list);
  EXPECT_OK(tally_ledger_verify_budgets(ledger, 0, &list, &error));
  EXPECT(tally_list_size(list) == 0);
  tally_list_destroy(list);
  EXPECT(tally_ledger_budget_status(ledger, TEXT("nobody"), 0, &list, &error) ==
         TALLY_E_INVALID_ARGUMENT);
}

static void a_budget_refuses_before_anything_is_sent(tally_client* client,
                                                     const tally_ledger* ledger,
                                                     const struct canned* canned) {
  tally_error error = no_error();
  tally_pair label;
  const tally_budget budget = budget_of_smith("tiny", "0.0001", &label);
  const tally_call_options options = asked_by("smith", &label);
  tally_chat_request* request = three_rivers();
  tally_completion* completion = NULL;
  const tally_receipt* receipt;
  const int sent_before = canned->transfers;
  EXPECT_OK(tally_ledger_set_budget(ledger, &budget, &error));
  EXPECT(tally_client_chat(client, request, &options, NULL, NULL, &completion, &error) ==
         TALLY_E_BUDGET);
  EXPECT(error.code == TALLY_E_BUDGET);
  EXPECT(error.charge_possible == 0);
  EXPECT(canned->transfers == sent_before);
  EXPECT(tally_completion_error(completion)->code == TALLY_E_BUDGET);
  receipt = tally_completion_receipt(completion);
  EXPECT(receipt->state == TALLY_STATE_NOT_BILLED);
  EXPECT(receipt->refusal != NULL);
  EXPECT(receipt->refusal->reason == TALLY_REFUSED_AMOUNT);
  EXPECT(receipt->refusal->has_could_cost);
  EXPECT_TEXT(receipt->refusal->status->id, "tiny");
  EXPECT(receipt->refusal->text.size > 0);
  tally_completion_destroy(completion);
  EXPECT_OK(tally_ledger_remove_budget(ledger, TEXT("tiny"), &error));
  EXPECT_OK(tally_client_chat(client, request, &options, NULL, NULL, &completion, &error));
  tally_completion_destroy(completion);
  tally_chat_request_destroy(request);
}

static void a_cancelled_call_is_estimated(tally_client* client, struct canned* canned) {
  tally_error error = no_error();
  tally_pair label;
  const tally_call_options options = asked_by("guard", &label);
  tally_chat_request* request = three_rivers();
  tally_call_id call = 0;
  tally_event event;
  int texts = 0;
  int polls = 0;
  memset(&event, 0, sizeof(event));
  event.struct_size = sizeof(event);
  canned->piece = 16;
  canned->cancels = 0;
  EXPECT_OK(tally_client_chat_start(client, request, &options, &call, &error));
  while (texts == 0 && polls++ < 10000) {
    EXPECT_OK(tally_client_poll(client, 0, NULL, &error));
    while (tally_client_next_event(client, &event, &error) == 1) {
      texts += event.kind == TALLY_EVENT_TEXT;
    }
  }
  EXPECT(texts > 0);
  EXPECT(tally_client_cancel(client, call, &error) == TALLY_OK);
  while (tally_client_next_event(client, &event, &error) != 1 && polls++ < 20000) {
    EXPECT_OK(tally_client_poll(client, 0, NULL, &error));
  }
  EXPECT(event.kind == TALLY_EVENT_COMPLETION);
  EXPECT(event.call == call);
  EXPECT(canned->cancels == 1);
  if (event.completion != NULL) {
    EXPECT(tally_completion_error(event.completion)->code == TALLY_E_CANCELLED);
    EXPECT(tally_completion_receipt(event.completion)->state == TALLY_STATE_ESTIMATED);
  }
  EXPECT(tally_client_cancel(client, call, &error) == TALLY_E_STALE);
  tally_completion_destroy(event.completion);
  tally_chat_request_destroy(request);
}

static void no_connection_costs_nothing(tally_client* client, struct canned* canned) {
  tally_error error = no_error();
  tally_pair label;
  const tally_call_options options = asked_by("ghost", &label);
  tally_chat_request* request = three_rivers();
  tally_completion* completion = NULL;
  const char* answer = canned->answer;
  canned->answer = NULL;
  EXPECT(tally_client_chat(client, request, &options, NULL, NULL, &completion, &error) ==
         TALLY_E_CONNECTION);
  EXPECT(strstr(error.message, "nobody is there") != NULL);
  EXPECT(tally_completion_receipt(completion)->state == TALLY_STATE_NOT_BILLED);
  canned->answer = answer;
  tally_completion_destroy(completion);
  tally_chat_request_destroy(request);
}

static int32_t TALLY_CALL take_two(void* user, const tally_ledger_row* row) {
  int* seen = user;
  EXPECT(row->struct_size >= sizeof(*row)); /* More in a later minor version. */
  return ++*seen < 2;
}

/* Six answers for smith, $0.0001674; one refusal; the guard's was cancelled; the ghost's never
 * began. */
static void rows_and_totals_add_up(const tally_ledger* ledger) {
  tally_error error = no_error();
  tally_ledger_filter filter;
  tally_ledger_grouping grouping;
  tally_list* list = NULL;
  tally_string* text = NULL;
  int seen = 0;
  uint64_t i;
  tally_pair label;
  label.key = text_of("npc");
  label.value = text_of("smith");
  EXPECT(tally_ledger_filter_init(&filter, sizeof(filter)) == TALLY_OK);
  EXPECT(tally_ledger_grouping_init(&grouping, sizeof(grouping)) == TALLY_OK);
  EXPECT_OK(tally_ledger_flush(ledger, 10000, &error));

  filter.labels = &label;
  filter.labels_count = 1;
  filter.has = TALLY_HAS_STATE;
  filter.state = TALLY_STATE_SETTLED;
  EXPECT_OK(tally_ledger_rows(ledger, &filter, &list, &error));
  EXPECT(tally_list_size(list) == 6);
  for (i = 0; i < tally_list_size(list); ++i) {
    const tally_ledger_row* row = tally_list_at(list, i);
    tally_list* history = NULL;
    EXPECT_TEXT(row->model_requested, "deepseek-flash");
    EXPECT_TEXT(row->model_reported, "deepseek-v4.1-flash");
    EXPECT_TEXT(row->price_entry_id, "ds-v41f-b");
    EXPECT_TEXT(row->price_band, "offpeak");
    EXPECT(row->started_us == wednesday);
    EXPECT(row->has & TALLY_HAS_HOLD);
    EXPECT(row->usage->prompt_tokens == 18);
    EXPECT(row->usage->completion_tokens == 42);
    EXPECT(row->labels_count == 1);
    expect_the_price(row->cost);
    EXPECT_OK(tally_ledger_get_history(ledger, row->attempt_id.data, row->attempt_id.size, &history,
                                       &error));
    EXPECT(tally_list_size(history) == 0);
    tally_list_destroy(history);
  }
  tally_list_destroy(list);
  EXPECT_OK(tally_ledger_each_row(ledger, NULL, take_two, &seen, &error));
  EXPECT(seen == 2);
  filter.state = 17;
  EXPECT(tally_ledger_rows(ledger, &filter, &list, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "filter.state") != NULL);

  grouping.by_label = text_of("npc");
  grouping.by_day = 1;
  EXPECT_OK(tally_ledger_totals(ledger, NULL, &grouping, &list, &error));
  seen = 0;
  for (i = 0; i < tally_list_size(list); ++i) {
    const tally_ledger_total* total = tally_list_at(list, i);
    if (total->label.size != 5 || memcmp(total->label.data, "smith", 5) != 0) continue;
    if (total->currency[0] == '\0') continue;
    ++seen;
    EXPECT(strcmp(total->currency, "USD") == 0);
    EXPECT_TEXT(total->day, "2026-11-18");
    EXPECT(total->state == -1);
    EXPECT(total->settled.attos == INT64_C(167400000000000));
    EXPECT(total->total.attos == INT64_C(167400000000000));
    EXPECT(total->output_tokens == 6 * 42);
  }
  EXPECT(seen == 1);
  tally_list_destroy(list);

  EXPECT_OK(tally_ledger_export_rows(ledger, TALLY_EXPORT_CSV, NULL, &text, &error));
  EXPECT(strstr(tally_string_data(text), "0.0000279") != NULL);
  EXPECT(strncmp(tally_string_data(text), "attempt_id,", 11) == 0);
  tally_string_destroy(text);
  EXPECT_OK(tally_ledger_export_rows(ledger, TALLY_EXPORT_JSON_LINES, NULL, &text, &error));
  EXPECT(tally_string_data(text)[0] == '{');
  tally_string_destroy(text);
  EXPECT_OK(tally_ledger_prometheus(ledger, NULL, &text, &error));
  EXPECT(strstr(tally_string_data(text), "# TYPE ") != NULL);
  tally_string_destroy(text);
}

/* The balance lost a cent where the ledger has far less than half of it. */
static void a_balance_is_held_against_the_rows(const tally_ledger* ledger) {
  static const char before[] =
      "{\"is_available\":true,\"balance_infos\":[{\"currency\":\"USD\",\"total_balance\":\"10.02\","
      "\"granted_balance\":\"0.00\",\"topped_up_balance\":\"10.02\"}]}";
  static const char after[] =
      "{\"is_available\":true,\"balance_infos\":[{\"currency\":\"USD\",\"total_balance\":\"9.02\","
      "\"granted_balance\":\"0.00\",\"topped_up_balance\":\"9.02\"}]}";
  const int64_t hour = INT64_C(3600) * 1000000;
  tally_error error = no_error();
  tally_balance_check check;
  tally_list* list = NULL;
  const tally_reconciliation* compared;
  EXPECT(tally_balance_check_init(&check, sizeof(check)) == TALLY_OK);
  check.provider = text_of("deepseek");
  check.at_us = wednesday - hour;
  check.balance_json = text_of(before);
  EXPECT_OK(tally_ledger_record_balance(ledger, &check, &error));
  check.at_us = wednesday + hour;
  check.balance_json = text_of(after);
  EXPECT_OK(tally_ledger_record_balance(ledger, &check, &error));
  EXPECT_OK(tally_ledger_reconcile(ledger, TEXT("deepseek"), TEXT("USD"), wednesday - 2 * hour,
                                   wednesday + 2 * hour, NULL, 0, &list, &error));
  compared = tally_list_at(list, 0);
  EXPECT(compared->agrees == 0);
  EXPECT(compared->drop.amount.units == 1);
  EXPECT(compared->stretches_count == 1);
  EXPECT(compared->stretches[0]->begin_us == wednesday - hour);
  tally_list_destroy(list);
  check.balance_json = text_of("not JSON");
  EXPECT(tally_ledger_record_balance(ledger, &check, &error) == TALLY_E_MALFORMED_REPLY);
}

static void rows_are_cared_for(const tally_ledger* ledger) {
  tally_error error = no_error();
  tally_price_catalog* prices = NULL;
  tally_list* list = NULL;
  const tally_recompute_report* report;
  int64_t count = -1;
  EXPECT_OK(tally_price_catalog_builtin(&prices, &error));
  EXPECT_OK(tally_ledger_recompute(ledger, prices, NULL, &list, &error));
  report = tally_list_at(list, 0);
  EXPECT(report->rows >= 6);
  EXPECT(report->changed == 0);
  tally_list_destroy(list);
  tally_price_catalog_destroy(prices);
  EXPECT_OK(tally_ledger_recover(ledger, &count, &error));
  EXPECT(count == 0);
  EXPECT_OK(tally_ledger_erase(ledger, TEXT("npc"), TEXT("guard"), &count, &error));
  EXPECT(count == 1);
  EXPECT_OK(tally_ledger_prune(ledger, wednesday + 1, &count, &error));
  EXPECT(count >= 8);
  EXPECT_OK(tally_ledger_rows(ledger, NULL, &list, &error));
  EXPECT(tally_list_size(list) == 0);
  tally_list_destroy(list);
  /* Stopped before it begins, it ends at once. */
  EXPECT_OK(tally_ledger_stop_writer(ledger, &error));
  EXPECT_OK(tally_ledger_run_writer(ledger, &error));
}

static void a_budget_has_a_currency(const tally_ledger* ledger) {
  tally_error error = no_error();
  tally_pair label;
  tally_budget budget = budget_of_smith("smith-week", "1", &label);
  memset(budget.limit.currency, 0, sizeof(budget.limit.currency));
  EXPECT(tally_ledger_set_budget(ledger, &budget, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(strcmp(error.message, "budget.limit has no currency") == 0);
}

static void a_transport_without_all_functions_is_refused(void) {
  struct canned canned;
  tally_error error = no_error();
  tally_client_options options;
  tally_transport transport = canned_transport(&canned);
  tally_client* client = NULL;
  tally_client_options_init(&options, sizeof(options));
  options.api_key = text_of("sk-test");
  options.transport = &transport;
  transport.drive = NULL;
  EXPECT(tally_client_open(&options, &client, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(client == NULL);
  EXPECT(strstr(error.message, "transport") != NULL);
}

int main(int argc, char** argv) {
  struct canned canned;
  int64_t steady = 0;
  tally_ledger* ledger = open_ledger(argc > 1 ? argv[1] : NULL);
  tally_client* client;
  memset(&canned, 0, sizeof(canned));
  canned.answer = canned_answer;
  canned.status = 200;
  canned.told_after_end = 1;
  client = open_client(&canned, ledger, &steady);
  an_answer_is_the_same_in_pieces_of_any_size(client, &canned);
  a_budget_counts_what_was_spent(ledger);
  a_budget_refuses_before_anything_is_sent(client, ledger, &canned);
  a_cancelled_call_is_estimated(client, &canned);
  no_connection_costs_nothing(client, &canned);
  rows_and_totals_add_up(ledger);
  a_balance_is_held_against_the_rows(ledger);
  rows_are_cared_for(ledger);
  a_budget_has_a_currency(ledger);
  tally_client_destroy(client);
  EXPECT(canned.instances == 0);
  tally_ledger_destroy(ledger);
  a_transport_without_all_functions_is_refused();
  return result("ledger");
}
