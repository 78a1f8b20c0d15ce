/* SPDX-License-Identifier: MIT */
/* The C ABI as a host in C99 uses it, against the loopback provider: each function of a client, of
   requests, conversations, streams and values. calls_main.cpp starts the provider. */
#include "expect.h"

int run_calls(const char* url);

/* 2026-11-18T05:00:00Z, off-peak: 0.15 and 0.60 dollars for a million tokens of deepseek-flash. */
static const int64_t wall = 1794978000000000;
static int64_t steady_now = 1;

static int64_t TALLY_CALL steady_ns(void* user) {
  (void)user;
  return steady_now += 1000;
}
static int64_t TALLY_CALL wall_us(void* user) {
  (void)user;
  return wall;
}

static int contains(const char* text, const char* part) { return strstr(text, part) != NULL; }

/* What the hooks saw. */
typedef struct host {
  char log[8192];
  int keys_asked;
  int sockets_told;
  int64_t last_socket;
  int timers_told;
  int lines_recorded;
  char recording[65536];
} host;

static void TALLY_CALL on_log(void* user, int32_t level, const char* line, uint64_t size) {
  host* own = user;
  const size_t used = strlen(own->log);
  snprintf(own->log + used, sizeof(own->log) - used, "%d %.*s\n", (int)level, (int)size, line);
}

static int32_t TALLY_CALL on_token(void* user, char* buffer, uint64_t capacity) {
  host* own = user;
  EXPECT(capacity == 16384);
  ++own->keys_asked;
  memcpy(buffer, "sk-canary-5f1d", 14);
  return 14;
}

static void TALLY_CALL on_socket(void* user, int64_t socket, int32_t watch) {
  host* own = user;
  ++own->sockets_told;
  if (watch != 0) own->last_socket = socket;
}

static void TALLY_CALL on_timer(void* user, int64_t after_us) {
  host* own = user;
  EXPECT(after_us >= -1);
  ++own->timers_told;
}

static void TALLY_CALL on_record(void* user, const char* line, uint64_t size) {
  host* own = user;
  const size_t used = strlen(own->recording);
  ++own->lines_recorded;
  snprintf(own->recording + used, sizeof(own->recording) - used, "%.*s\n", (int)size, line);
}

static tally_clock clock_of_host(void) {
  tally_clock clock;
  memset(&clock, 0, sizeof(clock));
  clock.struct_size = sizeof(clock);
  clock.steady_ns = steady_ns;
  clock.wall_us = wall_us;
  return clock;
}

static tally_client_options options_of(const char* url, const tally_clock* clock) {
  tally_client_options options;
  EXPECT(tally_client_options_init(&options, sizeof(options)) == TALLY_OK);
  EXPECT(options.log_level == TALLY_LOG_INFO);
  options.api_key = text_of("sk-canary-5f1d");
  options.base_url = text_of(url);
  options.provider = text_of("deepseek");
  options.clock = clock;
  return options;
}

static tally_client* open_with(const tally_client_options* options) {
  tally_client* client = NULL;
  tally_error error = no_error();
  EXPECT_OK(tally_client_open(options, &client, &error));
  EXPECT(client != NULL);
  return client;
}

/* Whose provider answers after a script of tests/loopback. */
static tally_client* open_scripted(const char* url, const char* script) {
  const tally_clock clock = clock_of_host();
  tally_client_options options = options_of(url, &clock);
  tally_pair header;
  header.key = text_of("x-loopback-script");
  header.value = text_of(script);
  options.headers = &header;
  options.headers_count = 1;
  return open_with(&options);
}

static tally_client* open_client(const char* url) { return open_scripted(url, "delay_ms=0"); }

static tally_chat_request* three_rivers(void) {
  tally_chat_request* request = NULL;
  tally_chat_parameters parameters;
  EXPECT(tally_chat_request_create(&request, NULL) == TALLY_OK);
  EXPECT(tally_chat_parameters_init(&parameters, sizeof(parameters)) == TALLY_OK);
  parameters.model = text_of("deepseek-flash");
  EXPECT(tally_chat_request_set(request, &parameters, NULL) == TALLY_OK);
  EXPECT(tally_chat_request_push_text(request, TALLY_ROLE_USER, "Name three rivers.", 18, NULL) ==
         TALLY_OK);
  return request;
}

static const char* const answer = "The Danube, the Nile and the Amazon.";

/* 18 at 0.15 and 9 at 0.60 for a million: 2.7 + 5.4 millionths of a dollar. */
static void expect_bill(const tally_completion* completion) {
  const tally_receipt* receipt = tally_completion_receipt(completion);
  const tally_cost* cost = receipt->cost;
  EXPECT(receipt->struct_size == sizeof(tally_receipt));
  EXPECT(receipt->state == TALLY_STATE_SETTLED);
  EXPECT(receipt->attempts_count == 1);
  EXPECT(receipt->attempts[0]->number == 1);
  EXPECT(receipt->attempts[0]->http_status == 200);
  EXPECT(receipt->usage->has & TALLY_HAS_PROMPT_TOKENS);
  EXPECT(receipt->usage->prompt_tokens == 18);
  EXPECT(receipt->usage->billed_output == 9);
  EXPECT(receipt->usage->source == TALLY_SOURCE_PROVIDER);
  EXPECT(cost->has & TALLY_HAS_TOTAL);
  EXPECT(!(cost->has & TALLY_HAS_BOUNDS));
  EXPECT(cost->total.amount.units == 0);
  EXPECT(cost->total.amount.attos == 8100000000000);
  EXPECT(strcmp(cost->total.currency, "USD") == 0);
  EXPECT_TEXT(cost->text, "$0.0000081");
  EXPECT(cost->lines_count == 2);
  EXPECT(cost->lines[0]->bucket == TALLY_BUCKET_INPUT_CACHE_MISS);
  EXPECT(cost->lines[0]->is_priced == 1);
  EXPECT(cost->lines[0]->quantity == 18);
  EXPECT(cost->lines[0]->per_token.attos == 150000000000);
  EXPECT(cost->lines[1]->amount.attos == 5400000000000);
  EXPECT(cost->price != NULL && cost->price->rates_count >= 3);
  EXPECT(receipt->ledger_error == NULL && receipt->refusal == NULL);
}

static void values_are_exact(void) {
  tally_amount a, b, sum;
  tally_money money;
  char buffer[64];
  int64_t instant = 0, low = -1, likely = -1, high = -1;
  tally_string* curl = NULL;
  tally_error error = no_error();
  EXPECT(strcmp(tally_version(), TALLY_VERSION) == 0);
  EXPECT(tally_curl_version(&curl, NULL) == TALLY_OK);
  EXPECT(tally_string_size(curl) == strlen(tally_string_data(curl)));
  tally_string_destroy(curl);
  EXPECT(tally_decimal_parse("0.1", 3, &a, NULL) == TALLY_OK);
  EXPECT(tally_decimal_parse("0.2", 3, &b, NULL) == TALLY_OK);
  EXPECT(tally_checked_add(&a, &b, &sum, NULL) == TALLY_OK);
  EXPECT(sum.units == 0 && sum.attos == 300000000000000000);
  EXPECT(tally_checked_subtract(&a, &b, &sum, NULL) == TALLY_OK);
  EXPECT(tally_amount_to_string(&sum, buffer, sizeof(buffer), NULL) == 4);
  EXPECT(strcmp(buffer, "-0.1") == 0);
  EXPECT(tally_checked_multiply(&a, 25, &sum, NULL) == TALLY_OK);
  EXPECT(sum.units == 2 && sum.attos == 500000000000000000);
  a.units = INT64_MAX;
  EXPECT(tally_checked_add(&a, &a, &sum, &error) == TALLY_E_LIMIT_EXCEEDED);
  EXPECT(error.code == TALLY_E_LIMIT_EXCEEDED);
  memset(&money, 0, sizeof(money));
  money.amount = b;
  memcpy(money.currency, "USD", 3);
  EXPECT(tally_money_to_string(&money, -1, buffer, sizeof(buffer), NULL) == 4);
  EXPECT(strcmp(buffer, "$0.2") == 0);
  EXPECT(tally_money_to_string(&money, 2, buffer, sizeof(buffer), NULL) == 5);
  EXPECT(strcmp(buffer, "$0.20") == 0);
  EXPECT(tally_parse_instant("2026-11-18T05:00:00Z", 20, &instant, NULL) == TALLY_OK);
  EXPECT(instant == wall);
  EXPECT(tally_instant_to_string(instant, buffer, sizeof(buffer), NULL) == 20);
  EXPECT(strcmp(buffer, "2026-11-18T05:00:00Z") == 0);
  EXPECT(tally_estimate_tokens("Name three rivers.", 18, &low, &likely, &high, NULL) == TALLY_OK);
  EXPECT(low >= 0 && low <= likely && likely <= high && high == 18);
}

static void words_are_those_of_cpp(void) {
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_ERROR, TALLY_E_RATE_LIMITED), "rate_limited") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_ERROR, TALLY_E_BUDGET), "budget") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_ERROR, TALLY_E_STALE), "stale") == 0);
  EXPECT(tally_enum_to_string(TALLY_ENUM_ERROR, -23) == NULL);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_CLOCK, TALLY_CLOCK_TOTAL), "total") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_BILL_STATE, TALLY_STATE_NOT_BILLED),
                "not_billed") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_FINISH_REASON, TALLY_FINISH_STOP), "stop") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_USAGE_SOURCE, TALLY_SOURCE_MIXED), "mixed") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_ANOMALY, TALLY_ANOMALY_BAD_COUNT), "bad_count") ==
         0);
  EXPECT(tally_enum_to_string(TALLY_ENUM_ANOMALY, 3) == NULL);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_BUCKET, TALLY_BUCKET_OUTPUT), "output") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_UNPRICED_REASON, TALLY_UNPRICED_NO_USAGE),
                "no_usage") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_PRICE_FLAG, TALLY_PRICE_STALE), "stale") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_COST_FLAG, TALLY_COST_STRADDLES_BANDS),
                "straddles_bands") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_BUDGET_WINDOW, TALLY_WINDOW_DAY), "day") == 0);
  EXPECT(strcmp(tally_enum_to_string(TALLY_ENUM_BUDGET_REASON, TALLY_REFUSED_AMOUNT), "amount") ==
         0);
  EXPECT(tally_enum_to_string(TALLY_ENUM_IMPORT_REFUSAL, 0) != NULL);
  EXPECT(tally_enum_to_string(99, 0) == NULL);
}

static int32_t TALLY_CALL keep_all(void* user, const tally_event* delta) {
  char* seen = user;
  EXPECT(delta->struct_size == sizeof(tally_event) && delta->call == 0);
  if (delta->kind == TALLY_EVENT_TEXT) strncat(seen, delta->text.data, (size_t)delta->text.size);
  return 0;
}

static int32_t TALLY_CALL stop_at_once(void* user, const tally_event* delta) {
  (void)user;
  (void)delta;
  return 1;
}

static void a_waiting_call_brings_answer_and_bill(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_completion* completion = NULL;
  tally_string* explained = NULL;
  tally_error error = no_error();
  char seen[256] = "";
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, &error) == TALLY_OK);
  EXPECT(error.code == TALLY_OK);
  EXPECT(tally_completion_error(completion) == NULL);
  EXPECT_TEXT(tally_completion_reply(completion)->text, answer);
  EXPECT(tally_completion_reply(completion)->finish_reason == TALLY_FINISH_STOP);
  expect_bill(completion);
  EXPECT(tally_completion_receipt(completion)->attempts[0]->completed_us == wall);
  EXPECT(tally_completion_explain(completion, &explained, NULL) == TALLY_OK);
  EXPECT(contains(tally_string_data(explained), "$0.0000081"));
  tally_string_destroy(explained);
  tally_completion_destroy(completion);

  EXPECT(tally_client_chat(client, request, NULL, keep_all, seen, &completion, NULL) == TALLY_OK);
  EXPECT(strcmp(seen, answer) == 0);
  tally_completion_destroy(completion);

  tally_client_destroy(client);
  client = open_scripted(url, "delay_ms=50");
  EXPECT(tally_client_chat(client, request, NULL, stop_at_once, NULL, &completion, &error) ==
         TALLY_E_CANCELLED);
  EXPECT(error.code == TALLY_E_CANCELLED && error.charge_possible == 1);
  EXPECT(tally_completion_error(completion)->code == TALLY_E_CANCELLED);
  EXPECT(tally_completion_receipt(completion)->state == TALLY_STATE_ESTIMATED);
  EXPECT(tally_completion_reply(completion)->text.size > 0);
  tally_completion_destroy(completion);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

static void a_stream_is_pulled(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_stream* stream = NULL;
  tally_completion *first = NULL, *second = NULL;
  tally_event event = {sizeof(event), 0, 0, {NULL, 0}, 0, 0, {NULL, 0}, {NULL, 0}, NULL};
  char seen[256] = "";
  EXPECT(tally_client_stream(client, request, NULL, &stream, NULL) == TALLY_OK);
  while (tally_stream_next(stream, &event, NULL) == 1) {
    EXPECT(event.kind == TALLY_EVENT_TEXT);
    strncat(seen, event.text.data, (size_t)event.text.size);
  }
  EXPECT(strcmp(seen, answer) == 0);
  EXPECT(tally_stream_finish(stream, &first, NULL) == TALLY_OK);
  EXPECT(tally_stream_finish(stream, &second, NULL) == TALLY_OK);
  expect_bill(first);
  EXPECT_TEXT(tally_completion_reply(second)->text, answer);
  tally_completion_destroy(first);
  tally_completion_destroy(second);
  tally_stream_destroy(stream);

  tally_client_destroy(client);
  client = open_scripted(url, "delay_ms=50");
  EXPECT(tally_client_stream(client, request, NULL, &stream, NULL) == TALLY_OK);
  EXPECT(tally_stream_next(stream, &event, NULL) == 1);
  EXPECT(tally_stream_cancel(stream, NULL) == TALLY_OK);
  EXPECT(tally_stream_next(stream, &event, NULL) == 0);
  EXPECT(tally_stream_finish(stream, &first, NULL) == TALLY_E_CANCELLED);
  EXPECT(tally_completion_receipt(first)->cost->is_estimate == 1);
  tally_completion_destroy(first);
  tally_stream_destroy(stream);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

/* Pulls what is there; how many completions came. */
static int pull(tally_client* client, char* seen, int32_t* last_code, tally_call_id* last_call) {
  tally_event event = {sizeof(event), 0, 0, {NULL, 0}, 0, 0, {NULL, 0}, {NULL, 0}, NULL};
  int ended = 0;
  while (tally_client_next_event(client, &event, NULL) == 1) {
    EXPECT(event.call != 0);
    if (event.kind == TALLY_EVENT_TEXT) strncat(seen, event.text.data, (size_t)event.text.size);
    if (event.kind != TALLY_EVENT_COMPLETION) continue;
    EXPECT(event.completion != NULL);
    *last_code = tally_completion_error(event.completion)
                     ? tally_completion_error(event.completion)->code
                     : TALLY_OK;
    *last_call = event.call;
    if (*last_code == TALLY_OK) expect_bill(event.completion);
    tally_completion_destroy(event.completion);
    ++ended;
  }
  EXPECT(event.kind == TALLY_EVENT_NONE);
  return ended;
}

static void started_calls_are_polled(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_poll_result result = {sizeof(result), 0, 0, 0};
  tally_snapshot snapshot;
  tally_call_id call = 0, other = 0, ended = 0;
  tally_call_options options;
  tally_error error = no_error();
  char seen[256] = "";
  int32_t code = 1;
  EXPECT(tally_client_chat_start(client, request, NULL, &call, NULL) == TALLY_OK);
  EXPECT(call != 0);
  do {
    EXPECT(tally_client_wait(client, 1000, &result, NULL) == TALLY_OK);
  } while (pull(client, seen, &code, &ended) == 0);
  EXPECT(code == TALLY_OK && ended == call);
  EXPECT(strcmp(seen, answer) == 0);
  EXPECT(tally_client_cancel(client, call, &error) == TALLY_E_STALE);
  EXPECT(error.code == TALLY_E_STALE);
  EXPECT(tally_client_cancel(client, call ^ ((tally_call_id)1 << 48), NULL) == TALLY_E_STALE);
  EXPECT(tally_client_cancel(client, 0, NULL) == TALLY_E_STALE);

  EXPECT(tally_client_chat_start(client, request, NULL, &call, NULL) == TALLY_OK);
  EXPECT(tally_client_cancel(client, call, NULL) == TALLY_OK);
  EXPECT(tally_client_poll(client, 1000, &result, NULL) == TALLY_OK);
  EXPECT(result.events_ready == 1);
  EXPECT(pull(client, seen, &code, &ended) == 1);
  EXPECT(code == TALLY_E_CANCELLED && ended == call);

  EXPECT(tally_call_options_init(&options, sizeof(options)) == TALLY_OK);
  options.group = 7;
  EXPECT(tally_client_chat_start(client, request, &options, &call, NULL) == TALLY_OK);
  EXPECT(tally_client_chat_start(client, request, &options, &other, NULL) == TALLY_OK);
  EXPECT(call != other);
  EXPECT(tally_client_cancel_group(client, 7, NULL) == 2);
  EXPECT(tally_client_cancel_group(client, 8, NULL) == 0);
  EXPECT(tally_client_poll(client, 1000, NULL, NULL) == TALLY_OK);
  EXPECT(pull(client, seen, &code, &ended) == 2);

  EXPECT(tally_client_suspend(client, NULL) == TALLY_OK);
  EXPECT(tally_client_chat_start(client, request, NULL, &call, NULL) == TALLY_OK);
  EXPECT(tally_client_poll(client, 1000, &result, NULL) == TALLY_OK);
  EXPECT(pull(client, seen, &code, &ended) == 0);
  EXPECT(tally_client_resume(client, TALLY_RESUME_RECONNECT, NULL) == TALLY_OK);
  EXPECT(tally_client_wakeup(client, NULL) == TALLY_OK);
  while (pull(client, seen, &code, &ended) == 0) {
    EXPECT(tally_client_wait(client, 1000, NULL, NULL) == TALLY_OK);
  }
  EXPECT(code == TALLY_OK && ended == call);

  snapshot.struct_size = sizeof(snapshot);
  EXPECT(tally_client_snapshot(client, &snapshot, NULL) == TALLY_OK);
  EXPECT(snapshot.in_flight == 0);
  EXPECT(snapshot.calls_begun == snapshot.calls_ended && snapshot.calls_begun >= 2);
  EXPECT(snapshot.prompt_tokens >= 36);
  EXPECT(snapshot.has & TALLY_HAS_LAST_ERROR);
  EXPECT(snapshot.last_error == TALLY_E_CANCELLED);
  EXPECT(!(snapshot.has & TALLY_HAS_BUDGET));
  EXPECT(strcmp(snapshot.spent.currency, "USD") == 0);
  EXPECT(tally_client_shutdown(client, 0, NULL) == TALLY_OK);
  EXPECT(tally_client_shutdown(client, 0, NULL) == TALLY_OK);
  EXPECT(tally_client_poll(client, 0, NULL, &error) == TALLY_OK || error.code == TALLY_E_CLOSED);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

static void a_token_ends_waiting_calls(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_cancel_token* token = NULL;
  tally_completion* completion = NULL;
  tally_call_options options;
  EXPECT(tally_cancel_token_create(&token, NULL) == TALLY_OK);
  EXPECT(tally_cancel_token_cancelled(token) == 0);
  EXPECT(tally_cancel_token_cancel(token, NULL) == TALLY_OK);
  EXPECT(tally_cancel_token_cancelled(token) == 1);
  EXPECT(tally_call_options_init(&options, sizeof(options)) == TALLY_OK);
  options.cancel = token;
  EXPECT(tally_client_chat(client, request, &options, NULL, NULL, &completion, NULL) ==
         TALLY_E_CANCELLED);
  EXPECT(tally_completion_receipt(completion)->state == TALLY_STATE_NOT_BILLED);
  tally_completion_destroy(completion);
  tally_cancel_token_destroy(token);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

/* The last request that came in, as JSON. */
extern const char* last_body(void);

static void every_part_of_a_request_is_sent(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_chat_parameters parameters;
  tally_message message;
  tally_tool_call call;
  const tally_tool_call* calls[1];
  tally_content_part part;
  tally_tool tool;
  tally_string* arguments = NULL;
  tally_completion* completion = NULL;
  tally_error error = no_error();
  const char* body;

  EXPECT(tally_tool_call_init(&call, sizeof(call)) == TALLY_OK);
  call.id = text_of("c1");
  call.name = text_of("depth");
  call.arguments = text_of("{\"river\":\"Nile\"}");
  calls[0] = &call;
  EXPECT(tally_validated_arguments(&call, &arguments, NULL) == TALLY_OK);
  EXPECT(strcmp(tally_string_data(arguments), "{\"river\":\"Nile\"}") == 0);
  tally_string_destroy(arguments);
  EXPECT(tally_message_init(&message, sizeof(message)) == TALLY_OK);
  EXPECT(message.role == TALLY_ROLE_USER);
  message.role = TALLY_ROLE_ASSISTANT;
  message.has_reasoning_content = 1;
  message.tool_calls = calls;
  message.tool_calls_count = 1;
  EXPECT(tally_chat_request_push_message(request, &message, NULL) == TALLY_OK);
  EXPECT(tally_chat_request_push_tool_result(request, "c1", 2, "11 m", 4, NULL) == TALLY_OK);
  EXPECT(tally_chat_request_push_text(request, TALLY_ROLE_USER, "And this?", 9, NULL) == TALLY_OK);
  EXPECT(tally_content_part_init(&part, sizeof(part)) == TALLY_OK);
  part.kind = TALLY_PART_IMAGE;
  part.value = text_of("https://example.org/a.png");
  part.detail = text_of("low");
  EXPECT(tally_chat_request_push_part(request, &part, NULL) == TALLY_OK);
  EXPECT(tally_tool_init(&tool, sizeof(tool)) == TALLY_OK);
  tool.name = text_of("depth");
  tool.description = text_of("How deep a river is.");
  tool.parameters = text_of("{\"type\":\"object\"}");
  tool.strict = 1;
  EXPECT(tally_chat_request_push_tool(request, &tool, NULL) == TALLY_OK);
  EXPECT(tally_chat_request_push_server_tool(request, "deepseek_web_search", 19, "{\"limit\":1}",
                                             11, NULL) == TALLY_OK);
  EXPECT(tally_chat_request_push_stop(request, "END", 3, NULL) == TALLY_OK);
  EXPECT(tally_chat_parameters_init(&parameters, sizeof(parameters)) == TALLY_OK);
  parameters.has = TALLY_HAS_MAX_TOKENS | TALLY_HAS_TEMPERATURE | TALLY_HAS_TOP_P |
                   TALLY_HAS_PRESENCE_PENALTY | TALLY_HAS_FREQUENCY_PENALTY | TALLY_HAS_SEED |
                   TALLY_HAS_LOGPROBS | TALLY_HAS_TOP_LOGPROBS | TALLY_HAS_N |
                   TALLY_HAS_PARALLEL_TOOL_CALLS;
  parameters.model = text_of("deepseek-flash");
  parameters.max_tokens = 50;
  parameters.temperature = 0.5;
  parameters.top_p = 0.25;
  parameters.presence_penalty = 0.125;
  parameters.frequency_penalty = -0.5;
  parameters.seed = 7;
  parameters.logprobs = 1;
  parameters.top_logprobs = 2;
  parameters.n = 1;
  parameters.parallel_tool_calls = 0;
  parameters.thinking = TALLY_THINKING_ENABLED;
  parameters.reasoning_effort = TALLY_EFFORT_HIGH;
  parameters.response_format = TALLY_FORMAT_JSON_SCHEMA;
  parameters.safety_check = TALLY_SAFETY_LOW;
  parameters.tool_choice = text_of("depth");
  parameters.schema_name = text_of("rivers");
  parameters.schema = text_of("{\"type\":\"array\"}");
  parameters.schema_is_strict = 1;
  parameters.logit_bias = text_of("{\"50256\":-100}");
  parameters.service_tier = text_of("flex");
  parameters.user_id = text_of("p-117");
  parameters.user = text_of("somebody");
  parameters.extra = text_of("{\"newer\":true}");
  EXPECT(tally_chat_request_set(request, &parameters, NULL) == TALLY_OK);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, &error) == TALLY_OK);
  EXPECT(error.message[0] == '\0');
  body = last_body();
  EXPECT(contains(body, "\"model\":\"deepseek-flash\""));
  EXPECT(contains(body, "Name three rivers."));
  EXPECT(contains(body, "\"reasoning_content\":\"\""));
  EXPECT(contains(body, "\"arguments\":\"{\\\"river\\\":\\\"Nile\\\"}\""));
  EXPECT(contains(body, "\"tool_call_id\":\"c1\""));
  EXPECT(contains(body, "https://example.org/a.png"));
  EXPECT(contains(body, "How deep a river is."));
  EXPECT(contains(body, "deepseek_web_search"));
  EXPECT(contains(body, "\"stop\":[\"END\"]"));
  EXPECT(contains(body, "\"max_tokens\":50"));
  EXPECT(contains(body, "\"temperature\":0.5"));
  EXPECT(contains(body, "\"top_p\":0.25"));
  EXPECT(contains(body, "\"presence_penalty\":0.125"));
  EXPECT(contains(body, "\"frequency_penalty\":-0.5"));
  EXPECT(contains(body, "\"seed\":7"));
  EXPECT(contains(body, "\"logprobs\":true"));
  EXPECT(contains(body, "\"top_logprobs\":2"));
  EXPECT(contains(body, "\"n\":1"));
  EXPECT(contains(body, "\"parallel_tool_calls\":false"));
  EXPECT(contains(body, "\"enabled\""));
  EXPECT(contains(body, "\"reasoning_effort\":\"high\""));
  EXPECT(contains(body, "\"rivers\""));
  EXPECT(contains(body, "50256"));
  EXPECT(contains(body, "\"flex\""));
  EXPECT(contains(body, "\"user_id\":\"p-117\""));
  EXPECT(contains(body, "\"user\":\"somebody\""));
  EXPECT(contains(body, "\"newer\":true"));
  EXPECT(tally_chat_request_push_reply(request, completion, NULL) == TALLY_OK);
  tally_completion_destroy(completion);

  EXPECT(tally_chat_request_clear_messages(request, NULL) == TALLY_OK);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, &error) ==
         TALLY_E_INVALID_ARGUMENT);
  EXPECT(tally_chat_request_push_reply(request, completion, NULL) == TALLY_E_INVALID_ARGUMENT);
  tally_completion_destroy(completion);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

static void a_text_with_a_hole_is_filled(const char* url) {
  tally_client* client = open_client(url);
  tally_fim_request request;
  tally_completion* completion = NULL;
  tally_stream* stream = NULL;
  const tally_estimate* estimate;
  tally_list* list = NULL;
  tally_call_id call = 0, ended = 0;
  tally_text stop[1];
  char seen[256] = "";
  int32_t code = 1;
  EXPECT(tally_fim_request_init(&request, sizeof(request)) == TALLY_OK);
  request.has = TALLY_HAS_SUFFIX | TALLY_HAS_MAX_TOKENS;
  request.model = text_of("deepseek-flash");
  request.prompt = text_of("The Danube");
  request.suffix = text_of(".");
  request.max_tokens = 20;
  stop[0] = text_of("END");
  request.stop = stop;
  request.stop_count = 1;
  EXPECT(tally_client_fim_estimate(client, &request, NULL, &list, NULL) == TALLY_OK);
  estimate = tally_list_at(list, 0);
  EXPECT(tally_list_size(list) == 1 && estimate->most_output == 20);
  EXPECT(estimate->price != NULL && estimate->text.size > 0);
  tally_list_destroy(list);
  EXPECT(tally_client_fim(client, &request, NULL, NULL, NULL, &completion, NULL) == TALLY_OK);
  EXPECT_TEXT(tally_completion_reply(completion)->text, answer);
  EXPECT(contains(last_body(), "\"suffix\":\".\""));
  EXPECT(contains(last_body(), "\"stop\":[\"END\"]"));
  tally_completion_destroy(completion);
  EXPECT(tally_client_fim(client, &request, NULL, keep_all, seen, &completion, NULL) == TALLY_OK);
  EXPECT(strcmp(seen, answer) == 0);
  tally_completion_destroy(completion);
  EXPECT(tally_client_fim_stream(client, &request, NULL, &stream, NULL) == TALLY_OK);
  EXPECT(tally_stream_finish(stream, &completion, NULL) == TALLY_OK);
  tally_completion_destroy(completion);
  tally_stream_destroy(stream);
  seen[0] = '\0';
  EXPECT(tally_client_fim_start(client, &request, NULL, &call, NULL) == TALLY_OK);
  do {
    EXPECT(tally_client_wait(client, 1000, NULL, NULL) == TALLY_OK);
  } while (pull(client, seen, &code, &ended) == 0);
  EXPECT(code == TALLY_OK && ended == call);
  tally_client_destroy(client);
}

static void a_conversation_keeps_what_was_said(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_conversation* talk = NULL;
  tally_completion* completion = NULL;
  tally_conversation_state state;
  tally_message message;
  EXPECT(tally_conversation_create("Be brief.", 9, 10, 0, &talk, NULL) == TALLY_OK);
  EXPECT(tally_message_init(&message, sizeof(message)) == TALLY_OK);
  message.content = text_of("Name three rivers.");
  EXPECT(tally_conversation_push_message(talk, &message, NULL) == TALLY_OK);
  EXPECT(tally_conversation_request(talk, request, NULL) == TALLY_OK);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, NULL) == TALLY_OK);
  EXPECT(contains(last_body(), "Be brief."));
  EXPECT(tally_conversation_push_completion(talk, completion, NULL) == TALLY_OK);
  tally_completion_destroy(completion);
  state.struct_size = sizeof(state);
  EXPECT(tally_conversation_get_state(talk, &state, NULL) == TALLY_OK);
  EXPECT(state.messages == 3 && state.calls == 1 && state.turns_left_out == 0);
  EXPECT(state.has & TALLY_HAS_TOTAL);
  EXPECT(state.total.amount.attos == 8100000000000);
  EXPECT(state.estimated_tokens > 0);
  tally_conversation_destroy(talk);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

static void questions_are_answered(const char* url) {
  tally_client* client = open_client(url);
  tally_chat_request* request = three_rivers();
  tally_chat_parameters parameters;
  tally_list* list = NULL;
  tally_price_catalog* prices = NULL;
  const tally_served_model* model;
  const tally_balance_amount* amount;
  const tally_estimate* estimate;
  const tally_advice* advice;
  const tally_provider_preset* preset;
  EXPECT(tally_client_warm_up(client, 10000, NULL) == TALLY_OK);
  EXPECT(tally_client_models(client, 10000, &list, NULL) == TALLY_OK);
  model = tally_list_at(list, 0);
  EXPECT(tally_list_size(list) > 0 && model->id.size > 0);
  EXPECT(tally_list_at(list, tally_list_size(list)) == NULL);
  tally_list_destroy(list);
  EXPECT(tally_client_balance(client, 10000, &list, NULL) == TALLY_OK);
  amount = tally_list_at(list, 0);
  EXPECT(amount->is_available == 1 && amount->raw.size > 0);
  EXPECT(strlen(amount->total.currency) == 3);
  tally_list_destroy(list);
  EXPECT(tally_client_estimate(client, request, NULL, &list, NULL) == TALLY_OK);
  estimate = tally_list_at(list, 0);
  EXPECT(tally_list_size(list) == 1 && estimate->prompt_low <= estimate->prompt_high);
  EXPECT(estimate->has & TALLY_HAS_COLD_CACHE);
  EXPECT(estimate->price != NULL && estimate->text.size > 0);
  tally_list_destroy(list);
  EXPECT(tally_chat_parameters_init(&parameters, sizeof(parameters)) == TALLY_OK);
  parameters.model = text_of("deepseek-flash");
  parameters.has = TALLY_HAS_N;
  parameters.n = 4;
  EXPECT(tally_chat_request_set(request, &parameters, NULL) == TALLY_OK);
  EXPECT(tally_client_advise(client, request, &list, NULL) == TALLY_OK);
  advice = tally_list_at(list, 0);
  EXPECT(advice != NULL && advice->field.size > 0 && advice->message.size > 0);
  tally_list_destroy(list);
  EXPECT(tally_client_prices(client, &prices, NULL) == TALLY_OK);
  EXPECT(prices != NULL);
  tally_price_catalog_destroy(prices);
  EXPECT(tally_provider_presets(&list, NULL) == TALLY_OK);
  preset = tally_list_at(list, 0);
  EXPECT(tally_list_size(list) > 5 && preset->id.size > 0);
  tally_list_destroy(list);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}

static void hooks_are_called(const char* url) {
  static host own;
  const tally_clock clock = clock_of_host();
  tally_client_options options = options_of(url, &clock);
  tally_clocks clocks;
  tally_retries retries;
  tally_limits limits;
  tally_curl_options curl;
  tally_pair header;
  tally_pair label;
  tally_call_options call_options;
  tally_client* client;
  tally_chat_request* request = three_rivers();
  tally_completion* completion = NULL;
  memset(&own, 0, sizeof(own));
  EXPECT(tally_clocks_init(&clocks, sizeof(clocks)) == TALLY_OK);
  EXPECT(clocks.connect_ms == 10000 && clocks.total_ms == 0);
  EXPECT(tally_retries_init(&retries, sizeof(retries)) == TALLY_OK);
  EXPECT(retries.most == 2 && retries.first_delay_ms == 500);
  retries.most = 1;
  retries.first_delay_ms = 0;
  EXPECT(tally_limits_init(&limits, sizeof(limits)) == TALLY_OK);
  EXPECT(limits.json_depth == 128);
  limits.keep_raw = 1;
  EXPECT(tally_curl_options_init(&curl, sizeof(curl)) == TALLY_OK);
  header.key = text_of("x-loopback-script");
  header.value = text_of("status=503");
  options.api_key = text_of("");
  options.user = &own;
  options.token = on_token;
  options.log = on_log;
  options.log_level = TALLY_LOG_TRACE;
  options.clocks = &clocks;
  options.retries = &retries;
  options.limits = &limits;
  options.curl = &curl;
  options.headers = &header;
  options.headers_count = 1;
  options.key_header = TALLY_KEY_HEADER_BEARER;
  client = open_with(&options);
  EXPECT(tally_call_options_init(&call_options, sizeof(call_options)) == TALLY_OK);
  label.key = text_of("npc");
  label.value = text_of("smith");
  call_options.labels = &label;
  call_options.labels_count = 1;
  call_options.clocks = &clocks;
  EXPECT(tally_client_chat(client, request, &call_options, NULL, NULL, &completion, NULL) ==
         TALLY_E_OVERLOADED);
  EXPECT(tally_completion_receipt(completion)->attempts_count == 2);
  EXPECT(own.keys_asked == 2);
  EXPECT(contains(own.log, "1 call ") && contains(own.log, "overloaded")); /* The retry. */
  EXPECT(contains(own.log, "2 call "));                                    /* The attempts. */
  EXPECT(contains(own.log, "3 "));                                         /* What curl says. */
  EXPECT(!contains(own.log, "sk-canary-5f1d"));
  tally_completion_destroy(completion);
  tally_client_destroy(client);
  tally_chat_request_destroy(request);
}

static void a_host_loop_drives_calls(const char* url) {
  static host own;
  const tally_clock clock = clock_of_host();
  tally_client_options options = options_of(url, &clock);
  tally_client* client;
  tally_chat_request* request = three_rivers();
  tally_call_id call = 0, ended = 0;
  char seen[256] = "";
  int32_t code = 1;
  memset(&own, 0, sizeof(own));
  options.user = &own;
  options.on_socket = on_socket;
  options.on_timer = on_timer;
  options.clock = NULL;
  client = open_with(&options);
  EXPECT(tally_client_chat_start(client, request, NULL, &call, NULL) == TALLY_OK);
  while (pull(client, seen, &code, &ended) == 0) {
    EXPECT(tally_client_drive_timer(client, NULL, NULL) == TALLY_OK);
    if (own.sockets_told == 0) continue;
    EXPECT(tally_client_drive_socket(client, own.last_socket, TALLY_READ | TALLY_WRITE, NULL,
                                     NULL) == TALLY_OK);
  }
  EXPECT(own.sockets_told > 0 && own.timers_told > 0);
  EXPECT(strcmp(seen, answer) == 0);
  tally_client_destroy(client);
  tally_chat_request_destroy(request);
}

static void a_recording_is_replayed(const char* url) {
  static host own;
  const tally_clock clock = clock_of_host();
  tally_client_options options = options_of(url, &clock);
  tally_client* client;
  tally_chat_request* request = three_rivers();
  tally_completion* completion = NULL;
  memset(&own, 0, sizeof(own));
  options.user = &own;
  options.record = on_record;
  client = open_with(&options);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, NULL) == TALLY_OK);
  tally_completion_destroy(completion);
  tally_client_destroy(client);
  EXPECT(own.lines_recorded >= 1);
  EXPECT(!contains(own.recording, "sk-canary-5f1d"));

  options = options_of("http://127.0.0.1:1", NULL);
  options.replay = text_of(own.recording);
  client = open_with(&options);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, NULL) == TALLY_OK);
  EXPECT_TEXT(tally_completion_reply(completion)->text, answer);
  expect_bill(completion);
  tally_completion_destroy(completion);
  tally_client_destroy(client);
  tally_chat_request_destroy(request);
}

int run_calls(const char* url) {
  values_are_exact();
  words_are_those_of_cpp();
  a_waiting_call_brings_answer_and_bill(url);
  a_stream_is_pulled(url);
  started_calls_are_polled(url);
  a_token_ends_waiting_calls(url);
  every_part_of_a_request_is_sent(url);
  a_text_with_a_hole_is_filled(url);
  a_conversation_keeps_what_was_said(url);
  questions_are_answered(url);
  hooks_are_called(url);
  a_host_loop_drives_calls(url);
  a_recording_is_replayed(url);
  return result("calls");
}
