# SPDX-License-Identifier: MIT
"""Streams an answer and shows what it cost, cancels a second call and shows what that cost, shuts
down. The key comes from DEEPSEEK_API_KEY."""

from ctypes import byref, c_int64, c_uint64, c_void_p, sizeof

import tally


def follow(client, call, cancels):
    """Prints what comes of the call until its end; with `cancels`, ends it after the first piece."""
    event = tally.Event(struct_size=sizeof(tally.Event))
    while True:
        # A game polls once a frame instead: tally_client_poll(client, 1000, ...).
        tally.call("tally_client_wait", client, c_int64(1000), None)
        while tally.call("tally_client_next_event", client, byref(event)) == 1:
            if event.kind == tally.EVENT_TEXT:
                print(event.text, end="", flush=True)
                if cancels:
                    tally.call("tally_client_cancel", client, call)
            if event.kind != tally.EVENT_COMPLETION:
                continue
            print()
            completion = c_void_p(event.completion)
            failure = tally.library.tally_completion_error(completion)
            if failure:
                print(failure.contents.message.decode())
            # There is a receipt in any case.
            print(tally.library.tally_completion_receipt(completion).contents.text)
            tally.library.tally_completion_destroy(completion)
            return


options = tally.filled(tally.ClientOptions)
options.from_environment = 1
client = c_void_p()
tally.call("tally_client_open", byref(options), byref(client))

model = tally.Text.of("deepseek-flash")
parameters = tally.filled(tally.ChatParameters)
parameters.model = model
request = c_void_p()
tally.call("tally_chat_request_create", byref(request))
tally.call("tally_chat_request_set", request, byref(parameters))
question = b"Name three rivers."
tally.call("tally_chat_request_push_text", request, tally.ROLE_USER, question,
           c_uint64(len(question)))

for cancels in (False, True):
    started = c_uint64()
    tally.call("tally_client_chat_start", client, request, None, byref(started))
    follow(client, started, cancels)

tally.call("tally_client_shutdown", client, c_int64(100))
tally.library.tally_chat_request_destroy(request)
tally.library.tally_client_destroy(client)
