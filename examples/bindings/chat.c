// SPDX-License-Identifier: MIT

// tally from C: streams an answer and shows what it cost, cancels a second call and shows what that
// cost, shuts down. The key comes from DEEPSEEK_API_KEY.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tally/c_api.h"

static tally_error error = {.struct_size = sizeof error};

static void must(int32_t code) {
  if (code >= 0) return;
  fprintf(stderr, "%s\n", error.message);
  exit(1);
}

static tally_text text_of(const char* text) {
  const tally_text view = {text, strlen(text)};
  return view;
}

static void print(tally_text text) {
  printf("%.*s", (int)text.size, text.data);
  fflush(stdout);
}

/// Prints what comes of the call until its end; with `cancels`, ends it after the first piece.
static void follow(tally_client* client, tally_call_id call, int cancels) {
  for (;;) {
    // A game polls once a frame instead: tally_client_poll(client, 1000, NULL, &error).
    must(tally_client_wait(client, 1000, NULL, &error));
    tally_event event = {.struct_size = sizeof event};
    while (tally_client_next_event(client, &event, &error) == 1) {
      if (event.kind == TALLY_EVENT_TEXT) print(event.text);
      if (event.kind == TALLY_EVENT_TEXT && cancels)
        must(tally_client_cancel(client, call, &error));
      if (event.kind != TALLY_EVENT_COMPLETION) continue;
      printf("\n");
      const tally_error* failure = tally_completion_error(event.completion);
      if (failure != NULL) printf("%s\n", failure->message);
      print(tally_completion_receipt(event.completion)->text);  // There is one in any case.
      printf("\n");
      tally_completion_destroy(event.completion);
      return;
    }
  }
}

int main(void) {
  tally_client_options options;
  must(tally_client_options_init(&options, sizeof options));
  options.from_environment = 1;
  tally_client* client = NULL;
  must(tally_client_open(&options, &client, &error));

  tally_chat_parameters parameters;
  must(tally_chat_parameters_init(&parameters, sizeof parameters));
  parameters.model = text_of("deepseek-flash");
  tally_chat_request* request = NULL;
  must(tally_chat_request_create(&request, &error));
  must(tally_chat_request_set(request, &parameters, &error));
  const tally_text question = text_of("Name three rivers.");
  must(
      tally_chat_request_push_text(request, TALLY_ROLE_USER, question.data, question.size, &error));

  tally_call_id call = 0;
  must(tally_client_chat_start(client, request, NULL, &call, &error));
  follow(client, call, 0);
  must(tally_client_chat_start(client, request, NULL, &call, &error));
  follow(client, call, 1);

  must(tally_client_shutdown(client, 100, &error));
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
  return 0;
}
