/* SPDX-License-Identifier: MIT */
/* What a host may do inside its own functions, and should not: pull events there, destroy the
   client, tell of a transfer what it cannot be. Nothing crashes, and no bill is lost. */
#include "canned_transport.h"
#include "expect.h"

/* A host with a loop. What its timer does is done once. */
enum { DOES_NOTHING, PULLS, DESTROYS };
typedef struct host {
  struct canned canned;
  tally_client* client;
  tally_chat_request* request;
  int on_timer_does;
  int on_log_does;
  int timers_inside; /* While `is_inside` something. */
  int is_inside;
  int completions;
  int lines;
  char text[256];
} host;

static void look(host* own, const tally_event* event) {
  if (event->kind == TALLY_EVENT_TEXT)
    strncat(own->text, event->text.data, (size_t)event->text.size);
  if (event->kind != TALLY_EVENT_COMPLETION) return;
  EXPECT(event->completion != NULL && tally_completion_receipt(event->completion) != NULL);
  tally_completion_destroy(event->completion);
  ++own->completions;
}

static tally_event no_event(void) {
  tally_event event;
  memset(&event, 0, sizeof(event));
  event.struct_size = sizeof(event);
  return event;
}

static void destroy_inside(host* own) {
  tally_client* client = own->client;
  own->client = NULL;
  tally_client_destroy(client);
}

static void act(host* own, int* what) {
  tally_event event = no_event();
  const int does = *what;
  if (does == DOES_NOTHING || own->client == NULL) return;
  if (does == DESTROYS) {
    *what = DOES_NOTHING;
    destroy_inside(own);
  } else if (own->is_inside && tally_client_next_event(own->client, &event, NULL) == 1) {
    look(own, &event);
  }
}

static void TALLY_CALL on_socket(void* user, int64_t socket, int32_t watch) {
  (void)user;
  (void)socket;
  (void)watch;
}

static void TALLY_CALL on_timer(void* user, int64_t after_us) {
  host* own = user;
  (void)after_us;
  if (own->is_inside) ++own->timers_inside;
  act(own, &own->on_timer_does);
}

static void TALLY_CALL on_log(void* user, int32_t level, const char* line, uint64_t size) {
  host* own = user;
  (void)level;
  (void)line;
  (void)size;
  ++own->lines;
  act(own, &own->on_log_does);
}

static void open_host(host* own, int has_loop) {
  tally_client_options options;
  tally_retries retries;
  tally_chat_parameters parameters;
  tally_transport transport;
  tally_error error = no_error();
  memset(own, 0, sizeof(*own));
  own->canned.answer = canned_answer;
  own->canned.piece = 200;
  own->canned.status = 200;
  transport = canned_transport(&own->canned);
  EXPECT_OK(tally_client_options_init(&options, sizeof(options)));
  EXPECT_OK(tally_retries_init(&retries, sizeof(retries)));
  retries.most = 0;
  options.api_key = text_of("sk-canary-5f1d");
  options.retries = &retries;
  options.transport = &transport;
  options.user = own;
  options.log = on_log;
  if (has_loop) {
    options.on_socket = on_socket;
    options.on_timer = on_timer;
  }
  EXPECT_OK(tally_client_open(&options, &own->client, &error));
  EXPECT_OK(tally_chat_request_create(&own->request, &error));
  EXPECT_OK(tally_chat_parameters_init(&parameters, sizeof(parameters)));
  parameters.model = text_of("deepseek-flash");
  EXPECT_OK(tally_chat_request_set(own->request, &parameters, &error));
  EXPECT_OK(tally_chat_request_push_text(own->request, TALLY_ROLE_USER, TEXT("Rivers?"), &error));
}

static void close_host(host* own) {
  tally_client_destroy(own->client);
  tally_chat_request_destroy(own->request);
  EXPECT(own->canned.instances == 0);
}

static tally_call_id start(host* own) {
  tally_call_id call = 0;
  EXPECT(tally_client_chat_start(own->client, own->request, NULL, &call, NULL) == TALLY_OK);
  EXPECT(call != 0);
  return call;
}

/* 1: there was an event. */
static int32_t pull(host* own) {
  tally_event event = no_event();
  int32_t code;
  own->is_inside = 1;
  code = tally_client_next_event(own->client, &event, NULL);
  own->is_inside = 0;
  EXPECT(code == 0 || code == 1);
  if (code == 1) look(own, &event);
  return code;
}

/* Three calls, of which the transport takes one at a time. */
static void a_loops_function_may_pull(void) {
  host own;
  int turns = 0;
  open_host(&own, 1);
  own.on_timer_does = PULLS;
  start(&own);
  start(&own);
  start(&own);
  while (own.completions < 3 && ++turns < 10000) {
    EXPECT(tally_client_drive_timer(own.client, NULL, NULL) == TALLY_OK);
    while (pull(&own) == 1) {
    }
  }
  EXPECT(own.completions == 3);
  EXPECT(own.timers_inside > 0);
  EXPECT(strcmp(own.text, "Elbe, Oder, Rhein") == 0);
  close_host(&own);
}

static void a_pull_survives_its_client(void) {
  host own;
  int turns = 0;
  open_host(&own, 1);
  start(&own);
  start(&own);
  while (own.completions == 0 && ++turns < 10000) {
    EXPECT(tally_client_drive_timer(own.client, NULL, NULL) == TALLY_OK);
    own.on_timer_does = DESTROYS;
    while (own.client != NULL && pull(&own) == 1) {
    }
    if (own.client == NULL) break;
    own.on_timer_does = DOES_NOTHING;
  }
  EXPECT(own.client == NULL && own.timers_inside > 0);
  close_host(&own);
}

static void a_poll_survives_its_client(void) {
  tally_poll_result result = {sizeof(result), 0, 7, 7};
  host own;
  int turns = 0;
  open_host(&own, 0);
  own.on_log_does = DESTROYS;
  start(&own);
  while (own.client != NULL && ++turns < 10000) {
    EXPECT(tally_client_poll(own.client, 1000, &result, NULL) == TALLY_OK);
  }
  EXPECT(own.client == NULL && own.lines == 1);
  EXPECT(result.events_ready > 0);
  close_host(&own);
}

static void a_start_survives_its_client(void) {
  tally_call_id call = 0;
  host own;
  open_host(&own, 1);
  own.on_timer_does = DESTROYS;
  EXPECT(tally_client_chat_start(own.client, own.request, NULL, &call, NULL) == TALLY_OK);
  EXPECT(call != 0 && own.client == NULL);
  close_host(&own);
}

static void TALLY_CALL on_last_log(void* user, int32_t level, const char* line, uint64_t size) {
  host* own = user;
  tally_snapshot snapshot;
  (void)level;
  (void)line;
  (void)size;
  memset(&snapshot, 0, sizeof(snapshot));
  snapshot.struct_size = sizeof(snapshot);
  ++own->lines;
  EXPECT(tally_client_snapshot(own->client, &snapshot, NULL) == TALLY_OK);
  EXPECT(snapshot.calls_begun == 1);
}

static void the_last_functions_see_a_whole_client(void) {
  tally_client_options options;
  tally_transport transport;
  host own;
  open_host(&own, 0);
  tally_client_destroy(own.client);
  transport = canned_transport(&own.canned);
  EXPECT(tally_client_options_init(&options, sizeof(options)) == TALLY_OK);
  options.api_key = text_of("sk-canary-5f1d");
  options.transport = &transport;
  options.user = &own;
  options.log = on_last_log;
  EXPECT(tally_client_open(&options, &own.client, NULL) == TALLY_OK);
  start(&own);
  EXPECT(tally_client_poll(own.client, 0, NULL, NULL) == TALLY_OK);
  EXPECT(own.lines == 0);
  tally_client_destroy(own.client);
  own.client = NULL;
  EXPECT(own.lines == 1);
  close_host(&own);
}

/* A transport that tells wrongly, of every call the same. */
enum { TELLS_LATE, TELLS_TWO_HEADS, TELLS_ONE_ID, TELLS_LATIN };
typedef struct wrong_transport {
  int tells;
  int starts;
  int drives;
  int cancels;
  tally_transfer_handler* handlers[8];
} wrong_transport;

static void* TALLY_CALL wrong_make(void* user) { return user; }
static void TALLY_CALL wrong_destroy(void* self) { (void)self; }
static void TALLY_CALL wrong_ignore(void* self, uint64_t transfer) {
  (void)self;
  (void)transfer;
}
static void TALLY_CALL wrong_cancel(void* self, uint64_t transfer) {
  wrong_transport* own = self;
  (void)transfer;
  ++own->cancels;
}
static uint64_t TALLY_CALL wrong_start(void* self, const tally_http_request* request,
                                       tally_transfer_handler* handler) {
  wrong_transport* own = self;
  (void)request;
  if (own->starts == 8) return 0;
  own->handlers[own->starts++] = handler;
  return own->tells == TELLS_ONE_ID ? 1 : (uint64_t)own->starts;
}

static void tell_body(tally_transfer_handler* handler) {
  if (tally_transfer_handler_on_body(handler, canned_answer, sizeof(canned_answer) - 1) ==
      TALLY_BODY_ABORT) {
    tally_transfer_end end;
    tally_transfer_end_init(&end, sizeof(end));
    end.result = TALLY_TRANSFER_REFUSED_BY_HANDLER;
    tally_transfer_handler_on_end(handler, &end);
  }
}

static void TALLY_CALL wrong_drive(void* self, int64_t wait_us) {
  wrong_transport* own = self;
  tally_transfer_end end;
  int i;
  (void)wait_us;
  ++own->drives;
  tally_transfer_end_init(&end, sizeof(end));
  for (i = 0; i < own->starts; ++i) {
    tally_transfer_handler* handler = own->handlers[i];
    if (handler == NULL) continue;
    if (own->tells == TELLS_LATE && own->cancels == 0) continue;
    own->handlers[i] = NULL;
    tally_transfer_handler_on_connected(handler);
    if (own->tells == TELLS_LATIN) {
      tally_transfer_handler_on_header(handler, TEXT("x-request-id"), TEXT("caf\xe9"));
      tally_transfer_handler_on_header(handler, TEXT("x-ratelimit-\xff"), TEXT("\xfe"));
    }
    tally_transfer_handler_on_head(handler, 200);
    if (own->tells == TELLS_TWO_HEADS) tally_transfer_handler_on_head(handler, 401);
    tell_body(handler);
    tally_transfer_handler_on_end(handler, &end);
  }
}

static int64_t TALLY_CALL wrong_next_deadline(void* self) {
  (void)self;
  return 0;
}
static void TALLY_CALL wrong_wake(void* self) { (void)self; }

static tally_client* open_wrong(wrong_transport* own) {
  tally_client_options options;
  tally_retries retries;
  tally_transport transport;
  tally_client* client = NULL;
  memset(&transport, 0, sizeof(transport));
  transport.struct_size = sizeof(transport);
  transport.user = own;
  transport.make = wrong_make;
  transport.destroy = wrong_destroy;
  transport.start = wrong_start;
  transport.pause = transport.resume = wrong_ignore;
  transport.cancel = wrong_cancel;
  transport.drive = wrong_drive;
  transport.next_deadline = wrong_next_deadline;
  transport.wake = wrong_wake;
  EXPECT(tally_client_options_init(&options, sizeof(options)) == TALLY_OK);
  EXPECT(tally_retries_init(&retries, sizeof(retries)) == TALLY_OK);
  retries.most = 0;
  options.api_key = text_of("sk-canary-5f1d");
  options.retries = &retries;
  options.transport = &transport;
  EXPECT(tally_client_open(&options, &client, NULL) == TALLY_OK);
  return client;
}

/* One answer of a transport that tells so. */
static tally_completion* ask(const host* own, int tells, int32_t* code) {
  wrong_transport wrong;
  tally_client* client;
  tally_completion* completion = NULL;
  memset(&wrong, 0, sizeof(wrong));
  wrong.tells = tells;
  client = open_wrong(&wrong);
  *code = tally_client_chat(client, own->request, NULL, NULL, NULL, &completion, NULL);
  tally_client_destroy(client);
  return completion;
}

static void a_second_head_leaves_the_bill(const host* own) {
  int32_t code = 0;
  tally_completion* completion = ask(own, TELLS_TWO_HEADS, &code);
  EXPECT(code != TALLY_OK && code != TALLY_E_AUTHENTICATION);
  EXPECT(strstr(tally_completion_error(completion)->message, "two heads") != NULL);
  EXPECT(tally_completion_error(completion)->charge_possible == 1);
  EXPECT(tally_completion_receipt(completion)->state != TALLY_STATE_NOT_BILLED);
  tally_completion_destroy(completion);
}

static void headers_of_any_bytes_come_as_utf8(const host* own) {
  int32_t code = 1;
  tally_completion* completion = ask(own, TELLS_LATIN, &code);
  const tally_reply* reply = tally_completion_reply(completion);
  EXPECT(code == TALLY_OK && reply->headers_count == 2);
  EXPECT_TEXT(reply->request_id, "caf\xef\xbf\xbd");
  EXPECT_TEXT(reply->headers[0].value, "caf\xef\xbf\xbd");
  EXPECT_TEXT(reply->headers[1].key, "x-ratelimit-\xef\xbf\xbd");
  EXPECT_TEXT(reply->headers[1].value, "\xef\xbf\xbd");
  tally_completion_destroy(completion);
}

/* A transport may hear of a cancel only in its next drive, and tell before. */
static void a_cancelled_transfer_may_be_told_of(host* own) {
  wrong_transport wrong;
  tally_call_id call = 0;
  int turns = 0;
  memset(&wrong, 0, sizeof(wrong));
  wrong.tells = TELLS_LATE;
  tally_client_destroy(own->client);
  own->client = open_wrong(&wrong);
  call = start(own);
  EXPECT(tally_client_poll(own->client, 0, NULL, NULL) == TALLY_OK);
  EXPECT(wrong.starts == 1 && wrong.cancels == 0);
  EXPECT(tally_client_cancel(own->client, call, NULL) == TALLY_OK);
  while (own->completions == 0 && ++turns < 10000) {
    EXPECT(tally_client_poll(own->client, 0, NULL, NULL) == TALLY_OK);
    while (pull(own) == 1) {
    }
  }
  start(own);
  EXPECT(tally_client_poll(own->client, 0, NULL, NULL) == TALLY_OK);
  EXPECT(wrong.cancels == 1 && wrong.handlers[0] == NULL);
  tally_client_destroy(own->client);
  own->client = NULL;
}

static void two_transfers_by_one_id_harm_nobody(host* own) {
  wrong_transport wrong;
  int turns = 0;
  memset(&wrong, 0, sizeof(wrong));
  wrong.tells = TELLS_ONE_ID;
  tally_client_destroy(own->client);
  own->client = open_wrong(&wrong);
  own->completions = 0;
  own->text[0] = '\0';
  start(own);
  start(own);
  while (own->completions < 2 && ++turns < 10000) {
    EXPECT(tally_client_poll(own->client, 0, NULL, NULL) == TALLY_OK);
    while (pull(own) == 1) {
    }
  }
  EXPECT(own->completions == 2 && wrong.starts == 2);
  EXPECT(strcmp(own->text, "Elbe, Oder, Rhein") == 0);
  tally_client_destroy(own->client);
  own->client = NULL;
}

int main(void) {
  host own;
  a_loops_function_may_pull();
  a_pull_survives_its_client();
  a_poll_survives_its_client();
  a_start_survives_its_client();
  the_last_functions_see_a_whole_client();
  open_host(&own, 0);
  a_second_head_leaves_the_bill(&own);
  headers_of_any_bytes_come_as_utf8(&own);
  a_cancelled_transfer_may_be_told_of(&own);
  two_transfers_by_one_id_harm_nobody(&own);
  close_host(&own);
  return result("rude hosts");
}
