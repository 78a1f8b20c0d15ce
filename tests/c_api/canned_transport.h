/* SPDX-License-Identifier: MIT */
/* HTTP in memory, as a host would bring its own: every request is answered by one text, in pieces
 * of `piece` bytes, one piece each drive. */
#ifndef TALLY_TESTS_CANNED_TRANSPORT_H
#define TALLY_TESTS_CANNED_TRANSPORT_H

#include <stdlib.h>
#include <string.h>

#include "tally/c_api.h"

struct canned {
  const char* answer; /* NULL: connections fail. */
  uint64_t piece;
  int status;
  int instances; /* That are alive. */
  int transfers; /* That were begun. */
  int cancels;
  int told_after_end; /* Tells more after the end, which nobody may hear. */
  char last_request[4096];
};

struct canned_instance {
  struct canned* canned;
  uint64_t transfer; /* 0: none under way. */
  tally_transfer_handler* handler;
  uint64_t sent;
  int has_begun;
  int is_paused;
};

static void* TALLY_CALL canned_make(void* user) {
  struct canned_instance* made = calloc(1, sizeof(*made));
  made->canned = user;
  ++made->canned->instances;
  return made;
}

static void TALLY_CALL canned_destroy(void* self) {
  struct canned_instance* instance = self;
  --instance->canned->instances;
  free(instance);
}

static uint64_t TALLY_CALL canned_start(void* self, const tally_http_request* request,
                                        tally_transfer_handler* handler) {
  struct canned_instance* instance = self;
  struct canned* canned = instance->canned;
  const uint64_t size = request->body.size < 4095 ? request->body.size : 4095;
  if (instance->transfer != 0) return 0;
  memcpy(canned->last_request, request->body.data, size);
  canned->last_request[size] = '\0';
  ++canned->transfers;
  instance->transfer = (uint64_t)canned->transfers;
  instance->handler = handler;
  instance->sent = 0;
  instance->has_begun = 0;
  instance->is_paused = 0;
  return instance->transfer;
}

static void TALLY_CALL canned_pause(void* self, uint64_t transfer) {
  struct canned_instance* instance = self;
  if (transfer == instance->transfer) instance->is_paused = 1;
}

static void TALLY_CALL canned_resume(void* self, uint64_t transfer) {
  struct canned_instance* instance = self;
  if (transfer == instance->transfer) instance->is_paused = 0;
}

static void TALLY_CALL canned_cancel(void* self, uint64_t transfer) {
  struct canned_instance* instance = self;
  if (transfer == instance->transfer) instance->transfer = 0;
  ++instance->canned->cancels;
}

static void canned_end(struct canned_instance* instance, int32_t how, const char* message) {
  tally_transfer_end end;
  tally_transfer_end_init(&end, sizeof(end));
  end.result = how;
  end.request_sent = how != TALLY_TRANSFER_CONNECT_FAILED;
  end.message.data = message;
  end.message.size = strlen(message);
  instance->transfer = 0;
  tally_transfer_handler_on_end(instance->handler, &end);
  if (!instance->canned->told_after_end) return;
  tally_transfer_handler_on_end(instance->handler, NULL);
  tally_transfer_handler_on_body(instance->handler, "late", 4);
}

static void canned_begin(struct canned_instance* instance) {
  static const char name[] = "content-type";
  static const char value[] = "text/event-stream";
  instance->has_begun = 1;
  tally_transfer_handler_on_connected(instance->handler);
  tally_transfer_handler_on_header(instance->handler, name, sizeof(name) - 1, value,
                                   sizeof(value) - 1);
  tally_transfer_handler_on_head(instance->handler, instance->canned->status);
}

static void TALLY_CALL canned_drive(void* self, int64_t wait_us) {
  struct canned_instance* instance = self;
  const struct canned* canned = instance->canned;
  uint64_t left, size;
  (void)wait_us;
  if (instance->transfer == 0 || instance->is_paused) return;
  if (canned->answer == NULL) {
    canned_end(instance, TALLY_TRANSFER_CONNECT_FAILED, "nobody is there");
    return;
  }
  if (!instance->has_begun) canned_begin(instance);
  left = strlen(canned->answer) - instance->sent;
  size = left < canned->piece ? left : canned->piece;
  if (size == 0) {
    canned_end(instance, TALLY_TRANSFER_COMPLETE, "");
    return;
  }
  switch (
      tally_transfer_handler_on_body(instance->handler, canned->answer + instance->sent, size)) {
    case TALLY_BODY_KEEP:
      instance->sent += size;
      break;
    case TALLY_BODY_PAUSE:
      instance->is_paused = 1;
      break;
    default:
      canned_end(instance, TALLY_TRANSFER_REFUSED_BY_HANDLER, "");
  }
}

static int64_t TALLY_CALL canned_next_deadline(void* self) {
  const struct canned_instance* instance = self;
  return instance->transfer != 0 && !instance->is_paused ? 0 : -1;
}

static void TALLY_CALL canned_wake(void* self) { (void)self; }

static tally_transport canned_transport(struct canned* canned) {
  tally_transport made;
  memset(&made, 0, sizeof(made));
  made.struct_size = sizeof(made);
  made.user = canned;
  made.make = canned_make;
  made.destroy = canned_destroy;
  made.start = canned_start;
  made.pause = canned_pause;
  made.resume = canned_resume;
  made.cancel = canned_cancel;
  made.drive = canned_drive;
  made.next_deadline = canned_next_deadline;
  made.wake = canned_wake;
  return made;
}

/* 18 tokens of prompt, none of them cached, and 42 of answer. */
static const char canned_answer[] =
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":"
    "\"deepseek-v4.1-flash\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
    "\"content\":\"\"},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":"
    "\"deepseek-v4.1-flash\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Elbe, Oder, \"},"
    "\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":"
    "\"deepseek-v4.1-flash\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Rhein\"},"
    "\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":"
    "\"deepseek-v4.1-flash\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":18,\"completion_tokens\":42,"
    "\"total_tokens\":60,\"prompt_cache_hit_tokens\":0,\"prompt_cache_miss_tokens\":18}}\n\n"
    "data: [DONE]\n\n";

#endif
