/* SPDX-License-Identifier: MIT */
/* What a caller can get wrong: NULL, other handles, sizes, texts that are none, numbers out of
   range. Each is an error that names the parameter, and nothing else happens. Ledgers and prices:
   ledger_test.c, prices_test.c. */
#include "expect.h"

/* The call is refused, and the message begins with the parameter's name. */
#define REFUSED(call, name) refused(call, name, &error, #call, __LINE__)
static void refused(int32_t code, const char* name, tally_error* error, const char* call,
                    int line) {
  const int is_named = strncmp(error->message, name, strlen(name)) == 0;
  if (code != TALLY_E_INVALID_ARGUMENT || error->code != code || !is_named) {
    printf("line %d: %s: %d \"%s\" instead of a refusal of %s\n", line, call, (int)code,
           error->message, name);
    ++failures;
  }
  memset(error, 0, sizeof(*error));
  error->struct_size = sizeof(*error);
}

static tally_client* client = NULL;
static tally_chat_request* request = NULL;
static tally_stream* stream = NULL;
static tally_conversation* talk = NULL;
static tally_cancel_token* token = NULL;
static tally_completion* completion = NULL;

/* A handle, but of another kind. */
#define OTHER ((void*)token)

static void no_one_listens(void) {
  tally_client_options options;
  tally_retries retries;
  tally_error error = no_error();
  EXPECT_OK(tally_client_options_init(&options, sizeof(options)));
  EXPECT_OK(tally_retries_init(&retries, sizeof(retries)));
  retries.most = 0;
  options.retries = &retries;
  options.api_key = text_of("sk-canary-5f1d");
  options.base_url = text_of("http://127.0.0.1:1");
  EXPECT_OK(tally_client_open(&options, &client, &error));
  EXPECT_OK(tally_chat_request_create(&request, &error));
  EXPECT_OK(tally_client_stream(client, request, NULL, &stream, &error));
  EXPECT_OK(tally_conversation_create(NULL, 0, 0, 0, &talk, &error));
  EXPECT_OK(tally_cancel_token_create(&token, &error));
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &completion, &error) < 0);
  EXPECT(completion != NULL);
  EXPECT_TEXT(tally_completion_reply(completion)->text, "");
}

static void sizes_of_structs_are_looked_at(void) {
  tally_client_options options;
  tally_error error = no_error();
  tally_client* opened = client;
  union {
    char bytes[sizeof(tally_client_options) + 64];
    tally_client_options options;
  } larger;
  EXPECT(tally_client_options_init(NULL, sizeof(options)) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(tally_client_options_init(&options, 0) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(tally_client_options_init(&options, sizeof(options) - 1) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(tally_client_options_init(&options, 1u << 20) == TALLY_E_INVALID_ARGUMENT);
  memset(&options, 0, sizeof(options));
  REFUSED(tally_client_open(&options, &opened, &error), "options");
  EXPECT(opened == NULL);
  options.struct_size = sizeof(options) - 1;
  REFUSED(tally_client_open(&options, &opened, &error), "options");
  options.struct_size = 0x7a11beef;
  REFUSED(tally_client_open(&options, &opened, &error), "options");
  REFUSED(tally_client_open(NULL, &opened, &error), "options");
  EXPECT_OK(tally_client_options_init(&options, sizeof(options)));
  REFUSED(tally_client_open(&options, NULL, &error), "out");
  /* A program of a later version has larger ones. */
  EXPECT_OK(tally_client_options_init(&larger.options, sizeof(larger)));
  larger.options.api_key = text_of("sk-canary-5f1d");
  EXPECT_OK(tally_client_open(&larger.options, &opened, &error));
  tally_client_destroy(opened);
}

static void an_error_without_its_size_is_left_alone(void) {
  tally_error error;
  tally_completion* ended = completion;
  tally_call_id call = 7;
  int64_t instant = 7;
  memset(&error, 0x55, sizeof(error));
  error.struct_size = 0;
  EXPECT(tally_client_wakeup(client, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(error.message[0] == 0x55 && error.struct_size == 0);
  EXPECT(tally_client_chat(client, request, NULL, NULL, NULL, &ended, &error) ==
         TALLY_E_INVALID_ARGUMENT);
  EXPECT(ended == NULL); /* Whoever destroys what it finds there destroys nothing twice. */
  EXPECT(tally_client_chat_start(client, request, NULL, &call, &error) == TALLY_E_INVALID_ARGUMENT);
  EXPECT(call == 0);
  EXPECT(tally_parse_instant(TEXT("2026-11-18T05:00:00Z"), &instant, &error) ==
         TALLY_E_INVALID_ARGUMENT);
  EXPECT(instant == 0 && error.message[0] == 0x55);
  EXPECT(tally_client_wakeup(client, NULL) == TALLY_OK);
  EXPECT(tally_client_wakeup(NULL, NULL) == TALLY_E_INVALID_ARGUMENT);
}

static void a_clients_functions_want_a_client(tally_client* given) {
  tally_error error = no_error();
  tally_poll_result result = {sizeof(result), 0, 0, 0};
  tally_event event;
  tally_snapshot snapshot;
  tally_completion* ended = completion;
  tally_stream* begun = stream;
  tally_list* list = NULL;
  tally_price_catalog* prices = NULL;
  tally_fim_request fim;
  tally_call_id call = 7;
  memset(&event, 0, sizeof(event));
  event.struct_size = sizeof(event);
  memset(&snapshot, 0, sizeof(snapshot));
  snapshot.struct_size = sizeof(snapshot);
  EXPECT_OK(tally_fim_request_init(&fim, sizeof(fim)));
  REFUSED(tally_client_chat(given, request, NULL, NULL, NULL, &ended, &error), "client");
  EXPECT(ended == NULL);
  REFUSED(tally_client_stream(given, request, NULL, &begun, &error), "client");
  EXPECT(begun == NULL);
  REFUSED(tally_client_chat_start(given, request, NULL, &call, &error), "client");
  EXPECT(call == 0);
  REFUSED(tally_client_fim(given, &fim, NULL, NULL, NULL, &ended, &error), "client");
  REFUSED(tally_client_fim_stream(given, &fim, NULL, &begun, &error), "client");
  REFUSED(tally_client_fim_start(given, &fim, NULL, &call, &error), "client");
  REFUSED(tally_client_fim_estimate(given, &fim, NULL, &list, &error), "client");
  REFUSED(tally_client_poll(given, 0, &result, &error), "client");
  REFUSED(tally_client_wait(given, 0, &result, &error), "client");
  REFUSED(tally_client_wakeup(given, &error), "client");
  REFUSED(tally_client_drive_socket(given, 0, 0, &result, &error), "client");
  REFUSED(tally_client_drive_timer(given, &result, &error), "client");
  REFUSED(tally_client_next_event(given, &event, &error), "client");
  REFUSED(tally_client_cancel(given, 1, &error), "client");
  REFUSED(tally_client_cancel_group(given, 1, &error), "client");
  REFUSED(tally_client_shutdown(given, 0, &error), "client");
  REFUSED(tally_client_suspend(given, &error), "client");
  REFUSED(tally_client_resume(given, 0, &error), "client");
  REFUSED(tally_client_snapshot(given, &snapshot, &error), "client");
  REFUSED(tally_client_warm_up(given, 0, &error), "client");
  REFUSED(tally_client_models(given, 0, &list, &error), "client");
  REFUSED(tally_client_balance(given, 0, &list, &error), "client");
  REFUSED(tally_client_estimate(given, request, NULL, &list, &error), "client");
  REFUSED(tally_client_advise(given, request, &list, &error), "client");
  REFUSED(tally_client_prices(given, &prices, &error), "client");
  tally_client_destroy(given);
}

static void a_clients_other_parameters_are_looked_at(void) {
  tally_error error = no_error();
  tally_event event;
  tally_snapshot snapshot;
  tally_poll_result result;
  tally_list* list = NULL;
  tally_completion* ended = NULL;
  tally_stream* begun = NULL;
  tally_call_id call = 0;
  tally_call_options options;
  tally_fim_request fim;
  tally_pair label = {{"npc", 3}, {"\xff", 1}};
  memset(&event, 0, sizeof(event));
  memset(&snapshot, 0, sizeof(snapshot));
  memset(&result, 0, sizeof(result));
  EXPECT_OK(tally_fim_request_init(&fim, sizeof(fim)));
  REFUSED(tally_client_chat(client, NULL, NULL, NULL, NULL, &ended, &error), "request");
  REFUSED(tally_client_chat(client, OTHER, NULL, NULL, NULL, &ended, &error), "request");
  REFUSED(tally_client_chat(client, request, NULL, NULL, NULL, NULL, &error), "out");
  REFUSED(tally_client_stream(client, NULL, NULL, &begun, &error), "request");
  REFUSED(tally_client_stream(client, request, NULL, NULL, &error), "out");
  REFUSED(tally_client_chat_start(client, NULL, NULL, &call, &error), "request");
  REFUSED(tally_client_chat_start(client, request, NULL, NULL, &error), "out");
  REFUSED(tally_client_fim(client, NULL, NULL, NULL, NULL, &ended, &error), "request");
  REFUSED(tally_client_fim_stream(client, NULL, NULL, &begun, &error), "request");
  REFUSED(tally_client_fim_start(client, &fim, NULL, NULL, &error), "out");
  REFUSED(tally_client_fim_estimate(client, &fim, NULL, NULL, &error), "out");
  fim.stop_count = 1;
  REFUSED(tally_client_fim_estimate(client, &fim, NULL, &list, &error), "stop");
  REFUSED(tally_client_fim_start(client, &fim, NULL, &call, &error), "stop");
  REFUSED(tally_client_poll(client, -1, NULL, &error), "budget_us");
  REFUSED(tally_client_poll(client, 0, &result, &error), "result");
  REFUSED(tally_client_wait(client, -1, NULL, &error), "timeout_ms");
  REFUSED(tally_client_drive_socket(client, 0, 4, NULL, &error), "ready");
  REFUSED(tally_client_next_event(client, NULL, &error), "event");
  REFUSED(tally_client_next_event(client, &event, &error), "event");
  REFUSED(tally_client_shutdown(client, -1, &error), "deadline_ms");
  REFUSED(tally_client_resume(client, 2, &error), "what");
  REFUSED(tally_client_snapshot(client, NULL, &error), "out");
  REFUSED(tally_client_snapshot(client, &snapshot, &error), "out");
  REFUSED(tally_client_warm_up(client, -1, &error), "timeout_ms");
  REFUSED(tally_client_models(client, 0, NULL, &error), "out");
  REFUSED(tally_client_balance(client, -1, &list, &error), "timeout_ms");
  REFUSED(tally_client_estimate(client, NULL, NULL, &list, &error), "request");
  REFUSED(tally_client_advise(client, request, NULL, &error), "out");
  REFUSED(tally_client_prices(client, NULL, &error), "out");
  EXPECT(tally_client_cancel(client, 12345, &error) == TALLY_E_STALE);

  EXPECT_OK(tally_call_options_init(&options, sizeof(options)));
  options.labels_count = 1;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options.labels");
  options.labels = &label;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options.labels");
  options.labels_count = UINT64_MAX;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options.labels");
  options.labels_count = 0;
  options.ledger = OTHER;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options.ledger");
  options.ledger = NULL;
  options.cancel = (void*)request;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options.cancel");
  options.struct_size = 3;
  REFUSED(tally_client_chat_start(client, request, &options, &call, &error), "options");
  EXPECT(call == 0);
}

static void options_of_a_client_are_looked_at(void) {
  tally_error error = no_error();
  tally_client* opened = NULL;
  tally_client_options options;
  tally_clocks clocks;
  tally_retries retries;
  tally_limits limits;
  tally_curl_options curl;
  tally_clock clock;
  tally_transport transport;
  tally_text resolve = {NULL, 5};
#define FRESH() EXPECT(tally_client_options_init(&options, sizeof(options)) == TALLY_OK)
  FRESH();
  options.api_key.size = 3;
  REFUSED(tally_client_open(&options, &opened, &error), "options.api_key");
  options.api_key.data = "\xc3\x28";
  options.api_key.size = 2;
  REFUSED(tally_client_open(&options, &opened, &error), "options.api_key");
  options.api_key.size = UINT64_MAX;
  REFUSED(tally_client_open(&options, &opened, &error), "options.api_key");
  FRESH();
  options.currency = text_of("dollar");
  REFUSED(tally_client_open(&options, &opened, &error), "options.currency");
  FRESH();
  options.key_header = 3;
  REFUSED(tally_client_open(&options, &opened, &error), "options.key_header");
  FRESH();
  options.billing_instant = -1;
  REFUSED(tally_client_open(&options, &opened, &error), "options.billing_instant");
  FRESH();
  options.prices = OTHER;
  REFUSED(tally_client_open(&options, &opened, &error), "options.prices");
  FRESH();
  options.headers_count = 1;
  REFUSED(tally_client_open(&options, &opened, &error), "options.headers");
  FRESH();
  options.on_timer = (tally_timer_fn)1;
  REFUSED(tally_client_open(&options, &opened, &error), "options.on_socket");
  FRESH();
  EXPECT_OK(tally_clocks_init(&clocks, sizeof(clocks)));
  clocks.total_ms = -1;
  options.clocks = &clocks;
  REFUSED(tally_client_open(&options, &opened, &error), "clocks.total_ms");
  FRESH();
  EXPECT_OK(tally_retries_init(&retries, sizeof(retries)));
  retries.most = -1;
  options.retries = &retries;
  REFUSED(tally_client_open(&options, &opened, &error), "retries.most");
  FRESH();
  EXPECT_OK(tally_limits_init(&limits, sizeof(limits)));
  limits.line_bytes = 0;
  options.limits = &limits;
  REFUSED(tally_client_open(&options, &opened, &error), "limits.line_bytes");
  FRESH();
  EXPECT_OK(tally_curl_options_init(&curl, sizeof(curl)));
  curl.resolve = &resolve;
  curl.resolve_count = 1;
  options.curl = &curl;
  REFUSED(tally_client_open(&options, &opened, &error), "curl.resolve");
  FRESH();
  memset(&clock, 0, sizeof(clock));
  clock.struct_size = sizeof(clock);
  options.clock = &clock;
  REFUSED(tally_client_open(&options, &opened, &error), "clock");
  FRESH();
  memset(&transport, 0, sizeof(transport));
  transport.struct_size = sizeof(transport);
  options.transport = &transport;
  REFUSED(tally_client_open(&options, &opened, &error), "transport");
  FRESH();
  options.preset = text_of("nobody");
  EXPECT(tally_client_open(&options, &opened, &error) == TALLY_E_INVALID_ARGUMENT);
  FRESH();
  options.replay = text_of("no recording");
  EXPECT(tally_client_open(&options, &opened, &error) < 0);
  EXPECT(opened == NULL);
}

static void requests_are_looked_at(void) {
  tally_error error = no_error();
  tally_chat_parameters parameters;
  tally_message message;
  tally_content_part part;
  tally_tool tool;
  tally_tool_call call;
  const tally_tool_call* calls[1] = {NULL};
  tally_string* string = NULL;
  int64_t count = 0;
  EXPECT_OK(tally_chat_parameters_init(&parameters, sizeof(parameters)));
  REFUSED(tally_chat_request_create(NULL, &error), "out");
  REFUSED(tally_chat_request_set(NULL, &parameters, &error), "request");
  REFUSED(tally_chat_request_set(OTHER, &parameters, &error), "request");
  REFUSED(tally_chat_request_set(request, NULL, &error), "parameters");
  parameters.thinking = 3;
  REFUSED(tally_chat_request_set(request, &parameters, &error), "thinking");
  parameters.thinking = 0;
  parameters.response_format = -1;
  REFUSED(tally_chat_request_set(request, &parameters, &error), "response_format");
  parameters.response_format = 0;
  parameters.has = TALLY_HAS_TEMPERATURE;
  memset(&parameters.temperature, 0xff, sizeof(parameters.temperature)); /* Not a number. */
  REFUSED(tally_chat_request_set(request, &parameters, &error), "temperature");
  parameters.has = 0;
  parameters.extra.size = 1;
  REFUSED(tally_chat_request_set(request, &parameters, &error), "extra");

  REFUSED(tally_chat_request_push_text(NULL, TALLY_ROLE_USER, TEXT("a"), &error), "request");
  REFUSED(tally_chat_request_push_text(request, 4, TEXT("a"), &error), "role");
  REFUSED(tally_chat_request_push_text(request, 0, NULL, 1, &error), "text");
  REFUSED(tally_chat_request_push_text(request, 0, "\xed\xa0\x80", 3, &error), "text");
  REFUSED(tally_chat_request_push_text(request, 0, "\xf4\x90\x80\x80", 4, &error), "text");
  REFUSED(tally_chat_request_push_text(request, 0, "\xc0\xaf", 2, &error), "text");
  REFUSED(tally_chat_request_push_text(request, 0, "\xe2\x82", 2, &error), "text");
  EXPECT_OK(tally_message_init(&message, sizeof(message)));
  REFUSED(tally_chat_request_push_message(request, NULL, &error), "message");
  message.role = 9;
  REFUSED(tally_chat_request_push_message(request, &message, &error), "message.role");
  message.role = TALLY_ROLE_ASSISTANT;
  message.tool_calls_count = 1;
  REFUSED(tally_chat_request_push_message(request, &message, &error), "message.tool_calls");
  message.tool_calls = calls;
  REFUSED(tally_chat_request_push_message(request, &message, &error), "tool_call");
  message.tool_calls_count = 0;
  EXPECT_OK(tally_content_part_init(&part, sizeof(part)));
  REFUSED(tally_chat_request_push_part(request, NULL, &error), "part");
  REFUSED(tally_chat_request_push_part(request, &part, &error), "request");
  EXPECT_OK(tally_chat_request_push_text(request, TALLY_ROLE_USER, TEXT("\xe2\x82\xac"), &error));
  part.kind = 5;
  REFUSED(tally_chat_request_push_part(request, &part, &error), "part.kind");
  EXPECT_OK(tally_tool_init(&tool, sizeof(tool)));
  REFUSED(tally_chat_request_push_tool(request, NULL, &error), "tool");
  tool.name.size = 1;
  REFUSED(tally_chat_request_push_tool(request, &tool, &error), "tool.name");
  REFUSED(tally_chat_request_push_server_tool(request, NULL, 1, NULL, 0, &error), "type");
  REFUSED(tally_chat_request_push_stop(request, NULL, 1, &error), "text");
  REFUSED(tally_chat_request_push_tool_result(request, NULL, 1, TEXT("a"), &error), "tool_call_id");
  REFUSED(tally_chat_request_push_reply(request, NULL, &error), "completion");
  REFUSED(tally_chat_request_push_reply(request, completion, &error), "completion");
  REFUSED(tally_chat_request_clear_messages(NULL, &error), "request");
  EXPECT_OK(tally_tool_call_init(&call, sizeof(call)));
  REFUSED(tally_validated_arguments(NULL, &string, &error), "tool_call");
  REFUSED(tally_validated_arguments(&call, NULL, &error), "out");
  call.arguments = text_of("{\"cut\":");
  EXPECT(tally_validated_arguments(&call, &string, &error) == TALLY_E_INVALID_ARGUMENT);
  REFUSED(tally_estimate_tokens(NULL, 1, &count, NULL, NULL, &error), "text");
}

static void streams_talks_and_tokens_are_looked_at(void) {
  tally_error error = no_error();
  tally_event event;
  tally_completion* ended = NULL;
  tally_string* string = NULL;
  tally_conversation* begun = NULL;
  tally_conversation_state state;
  tally_message message;
  memset(&event, 0, sizeof(event));
  memset(&state, 0, sizeof(state));
  EXPECT_OK(tally_message_init(&message, sizeof(message)));
  REFUSED(tally_stream_next(NULL, &event, &error), "stream");
  REFUSED(tally_stream_next(OTHER, &event, &error), "stream");
  REFUSED(tally_stream_next(stream, NULL, &error), "event");
  REFUSED(tally_stream_next(stream, &event, &error), "event");
  REFUSED(tally_stream_cancel(NULL, &error), "stream");
  REFUSED(tally_stream_finish(stream, NULL, &error), "out");
  REFUSED(tally_stream_finish(OTHER, &ended, &error), "stream");
  tally_stream_destroy(NULL);
  tally_stream_destroy(OTHER);
  REFUSED(tally_completion_explain(NULL, &string, &error), "completion");
  REFUSED(tally_completion_explain(completion, NULL, &error), "out");
  EXPECT(tally_completion_reply(NULL) == NULL && tally_completion_reply(OTHER) == NULL);
  EXPECT(tally_completion_error(NULL) == NULL && tally_completion_receipt(OTHER) == NULL);
  tally_completion_destroy(NULL);
  REFUSED(tally_conversation_create(NULL, 1, 0, 0, &begun, &error), "system_prompt");
  REFUSED(tally_conversation_create(NULL, 0, 0, -1, &begun, &error), "most_tokens");
  REFUSED(tally_conversation_create(NULL, 0, 0, 0, NULL, &error), "out");
  REFUSED(tally_conversation_push_message(NULL, &message, &error), "conversation");
  REFUSED(tally_conversation_push_message(talk, NULL, &error), "message");
  REFUSED(tally_conversation_push_completion(talk, NULL, &error), "completion");
  REFUSED(tally_conversation_request(talk, NULL, &error), "request");
  REFUSED(tally_conversation_request(OTHER, request, &error), "conversation");
  REFUSED(tally_conversation_get_state(talk, NULL, &error), "out");
  REFUSED(tally_conversation_get_state(talk, &state, &error), "out");
  tally_conversation_destroy(NULL);
  REFUSED(tally_cancel_token_create(NULL, &error), "out");
  REFUSED(tally_cancel_token_cancel(NULL, &error), "token");
  REFUSED(tally_cancel_token_cancel((void*)request, &error), "token");
  EXPECT(tally_cancel_token_cancelled(NULL) == 0);
  tally_cancel_token_destroy(NULL);
  tally_chat_request_destroy(NULL);
  tally_chat_request_destroy(OTHER);
}

static void values_are_looked_at(void) {
  tally_error error = no_error();
  tally_amount a = {1, 0}, wrong = {1, -1}, out;
  tally_money money = {{0, 1}, "usd"};
  char buffer[8];
  int64_t instant = 0;
  REFUSED(tally_checked_add(NULL, &a, &out, &error), "a");
  REFUSED(tally_checked_add(&a, NULL, &out, &error), "b");
  REFUSED(tally_checked_add(&a, &wrong, &out, &error), "b");
  REFUSED(tally_checked_subtract(&a, &a, NULL, &error), "out");
  REFUSED(tally_checked_multiply(&wrong, 2, &out, &error), "a");
  REFUSED(tally_decimal_parse(TEXT("1"), NULL, &error), "out");
  EXPECT(tally_decimal_parse(TEXT("a lot"), &out, &error) == TALLY_E_INVALID_ARGUMENT);
  REFUSED(tally_amount_to_string(NULL, buffer, sizeof(buffer), &error), "amount");
  REFUSED(tally_amount_to_string(&a, NULL, sizeof(buffer), &error), "buffer");
  REFUSED(tally_amount_to_string(&a, buffer, 1, &error), "capacity");
  EXPECT(tally_amount_to_string(&a, buffer, 2, &error) == 1);
  REFUSED(tally_money_to_string(NULL, -1, buffer, sizeof(buffer), &error), "money");
  REFUSED(tally_money_to_string(&money, -1, buffer, sizeof(buffer), &error), "money");
  memcpy(money.currency, "USDUSDUS", 8);
  REFUSED(tally_money_to_string(&money, -1, buffer, sizeof(buffer), &error), "money");
  REFUSED(tally_money_to_string(&money, 19, buffer, sizeof(buffer), &error), "decimals");
  REFUSED(tally_parse_instant(TEXT("2026-11-18T05:00:00Z"), NULL, &error), "out_us");
  EXPECT(tally_parse_instant(TEXT("yesterday"), &instant, &error) == TALLY_E_INVALID_ARGUMENT);
  REFUSED(tally_instant_to_string(0, buffer, sizeof(buffer), &error), "capacity");
  REFUSED(tally_curl_version(NULL, &error), "out");
  REFUSED(tally_provider_presets(NULL, &error), "out");
  EXPECT(tally_string_data(NULL) == NULL && tally_string_size(NULL) == 0);
  EXPECT(tally_list_size(NULL) == 0 && tally_list_at(NULL, 0) == NULL);
  EXPECT(tally_list_size(OTHER) == 0 && tally_list_at(OTHER, 0) == NULL);
  tally_string_destroy(NULL);
  tally_list_destroy(NULL);
}

static int is_zero(const tally_amount* amount) { return amount->units == 0 && amount->attos == 0; }

static void answers_are_0_after_a_failure(void) {
  tally_error error = no_error();
  tally_amount one = {1, 0}, most = {INT64_MAX, 0}, wrong = {1, -1}, out = {7, 7};
  tally_money absent = {{0, 0}, ""};
  tally_poll_result result = {sizeof(result), 0, 7, 7};
  tally_snapshot snapshot;
  char buffer[64];
  int64_t low = 7, likely = 7, high = 7, instant = 7;
  EXPECT(tally_checked_add(&most, &one, &out, &error) == TALLY_E_LIMIT_EXCEEDED && is_zero(&out));
  out = one;
  EXPECT(tally_checked_subtract(&out, &one, &out, NULL) == TALLY_OK && is_zero(&out));
  out = one; /* It may be one of the inputs. */
  EXPECT(tally_checked_add(&out, &out, &out, NULL) == TALLY_OK && out.units == 2);
  EXPECT(tally_checked_multiply(&wrong, 1, &out, NULL) < 0 && is_zero(&out));
  out = one;
  EXPECT(tally_decimal_parse(TEXT("a lot"), &out, NULL) < 0 && is_zero(&out));
  EXPECT(tally_parse_instant(TEXT("yesterday"), &instant, NULL) < 0 && instant == 0);
  EXPECT(tally_estimate_tokens(NULL, 1, &low, &likely, &high, NULL) < 0);
  EXPECT(low == 0 && likely == 0 && high == 0);
  EXPECT(tally_client_poll(NULL, 0, &result, NULL) < 0);
  EXPECT(result.events_ready == 0 && result.calls_in_flight == 0);
  EXPECT(result.struct_size == sizeof(result));
  memset(&snapshot, 0x55, sizeof(snapshot));
  snapshot.struct_size = sizeof(snapshot);
  EXPECT(tally_client_snapshot(NULL, &snapshot, NULL) < 0 && snapshot.calls_begun == 0);
  REFUSED(tally_money_to_string(&absent, -1, buffer, sizeof(buffer), &error), "money");
  EXPECT(tally_money_to_string(&absent, -1, buffer, sizeof(buffer), &error) < 0);
  EXPECT(strcmp(error.message, "money has no currency: it is absent") == 0);
}

static void inits_want_their_size(void) {
  int64_t space[512];
#define INIT(name)                                                                                 \
  EXPECT(tally_##name##_init((void*)space, 0) == TALLY_E_INVALID_ARGUMENT);                        \
  EXPECT(tally_##name##_init((void*)space, sizeof(tally_##name) - 1) == TALLY_E_INVALID_ARGUMENT); \
  EXPECT(tally_##name##_init(NULL, sizeof(tally_##name)) == TALLY_E_INVALID_ARGUMENT);             \
  EXPECT(tally_##name##_init((void*)space, sizeof(tally_##name)) == TALLY_OK)
  INIT(tool_call);
  INIT(message);
  INIT(content_part);
  INIT(tool);
  INIT(chat_parameters);
  INIT(fim_request);
  INIT(usage);
  INIT(clocks);
  INIT(retries);
  INIT(limits);
  INIT(curl_options);
  INIT(transfer_end);
  INIT(client_options);
  INIT(call_options);
  INIT(price_query);
  INIT(import_options);
  INIT(ledger_options);
  INIT(budget);
  INIT(ledger_filter);
  INIT(ledger_grouping);
  INIT(balance_check);
}

int main(void) {
  no_one_listens();
  sizes_of_structs_are_looked_at();
  an_error_without_its_size_is_left_alone();
  a_clients_functions_want_a_client(NULL);
  a_clients_functions_want_a_client(OTHER);
  a_clients_other_parameters_are_looked_at();
  options_of_a_client_are_looked_at();
  requests_are_looked_at();
  streams_talks_and_tokens_are_looked_at();
  values_are_looked_at();
  answers_are_0_after_a_failure();
  inits_want_their_size();
  tally_completion_destroy(completion);
  tally_cancel_token_destroy(token);
  tally_conversation_destroy(talk);
  tally_stream_destroy(stream);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
  return result("bad input");
}
