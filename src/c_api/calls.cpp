// SPDX-License-Identifier: MIT
// The calls of a client, over each of its faces: waiting, streamed, started.
#include "c_api/boundary.hpp"
#include "c_api/client_handle.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/options.hpp"
#include "c_api/request.hpp"

using tally::Arguments;
using tally::at_boundary;
using tally::Result;

struct tally_stream : tally::HandleOf<tally::HandleKind::stream> {
  explicit tally_stream(tally::Stream begun) : stream(std::move(begun)) {}
  tally::Stream stream;
};

namespace {

// What a host asks for, of either kind. A chat is looked at where it is.
const tally::ChatRequest& request_of(const tally_chat_request* request, Arguments& given) {
  static const tally::ChatRequest none;
  given.handle(request, "request");
  return given.good() ? request->request : none;
}

tally::FimRequest request_of(const tally_fim_request* request, Arguments& given) {
  return tally::fim_request_of(request, given);
}

tally::OnDelta on_delta_of(tally_delta_fn on_delta, void* user) {
  return [on_delta, user](const tally::Delta& delta) {
    tally_event event = tally::event_of(delta, 0);
    event.struct_size = sizeof(event);
    return on_delta(user, &event) == 0 ? tally::Flow::keep : tally::Flow::stop;
  };
}

// One name for what C++ calls differently for the two kinds.
template <class... Rest>
tally::Completion ask(const tally::Client& client, const tally::ChatRequest& request,
                      const Rest&... rest) {
  return client.chat(request, rest...);
}
template <class... Rest>
tally::Completion ask(const tally::Client& client, const tally::FimRequest& request,
                      const Rest&... rest) {
  return client.fim(request, rest...);
}
tally::CallId start(const tally::Client& client, const tally::ChatRequest& request,
                    const tally::CallOptions& options) {
  return client.chat_start(request, options);
}
tally::CallId start(const tally::Client& client, const tally::FimRequest& request,
                    const tally::CallOptions& options) {
  return client.fim_start(request, options);
}

template <class Request>
int32_t wait_for(tally_client* client, const Request* request, const tally_call_options* options,
                 tally_delta_fn on_delta, void* user, tally_completion** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    const auto& asked = request_of(request, given);
    const tally::CallOptions how = tally::call_options_of(options, given);
    if (!given.good()) return given.error();
    auto room = std::make_unique<tally_completion>();
    tally::Completion ended = on_delta == nullptr
                                  ? ask(client->client, asked, how)
                                  : ask(client->client, asked, on_delta_of(on_delta, user), how);
    return tally::hand_out(std::move(room), std::move(ended), out, error);
  });
}

template <class Request>
int32_t stream(tally_client* client, const Request* request, const tally_call_options* options,
               tally_stream** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    const auto& asked = request_of(request, given);
    const tally::CallOptions how = tally::call_options_of(options, given);
    if (!given.good()) return given.error();
    *out = new tally_stream(client->client.stream(asked, how));
    return TALLY_OK;
  });
}

template <class Request>
int32_t start(tally_client* client, const Request* request, const tally_call_options* options,
              tally_call_id* out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.value(out, "out");
    given.handle(client, "client");
    const auto& asked = request_of(request, given);
    const tally::CallOptions how = tally::call_options_of(options, given);
    if (!given.good()) return given.error();
    const tally::CallIds ids = client->ids;  // A loop of the host's is told, and may destroy it.
    const tally::CallId call = start(client->client, asked, how);
    if (call == 0) {
      return tally::fail(error, TALLY_E_FORKED,
                         "the process was forked after the client was opened");
    }
    *out = ids.id_of(call);
    return TALLY_OK;
  });
}

}  // namespace

extern "C" {

int32_t tally_client_chat(tally_client* client, const tally_chat_request* request,
                          const tally_call_options* options, tally_delta_fn on_delta, void* user,
                          tally_completion** out, tally_error* error) {
  return wait_for(client, request, options, on_delta, user, out, error);
}

int32_t tally_client_fim(tally_client* client, const tally_fim_request* request,
                         const tally_call_options* options, tally_delta_fn on_delta, void* user,
                         tally_completion** out, tally_error* error) {
  return wait_for(client, request, options, on_delta, user, out, error);
}

int32_t tally_client_stream(tally_client* client, const tally_chat_request* request,
                            const tally_call_options* options, tally_stream** out,
                            tally_error* error) {
  return stream(client, request, options, out, error);
}

int32_t tally_client_fim_stream(tally_client* client, const tally_fim_request* request,
                                const tally_call_options* options, tally_stream** out,
                                tally_error* error) {
  return stream(client, request, options, out, error);
}

int32_t tally_client_chat_start(tally_client* client, const tally_chat_request* request,
                                const tally_call_options* options, tally_call_id* out,
                                tally_error* error) {
  return start(client, request, options, out, error);
}

int32_t tally_client_fim_start(tally_client* client, const tally_fim_request* request,
                               const tally_call_options* options, tally_call_id* out,
                               tally_error* error) {
  return start(client, request, options, out, error);
}

int32_t tally_stream_next(tally_stream* stream, tally_event* event, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(stream, "stream");
    given.answer(event, "event");
    if (!given.good()) return given.error();
    const std::optional<tally::Delta> delta = stream->stream.next();
    tally::give(event, delta ? tally::event_of(*delta, 0) : tally_event{});
    return delta ? 1 : 0;
  });
}

int32_t tally_stream_cancel(tally_stream* stream, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(stream, "stream");
    if (!given.good()) return given.error();
    stream->stream.cancel();
    return TALLY_OK;
  });
}

int32_t tally_stream_finish(tally_stream* stream, tally_completion** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(stream, "stream");
    if (!given.good()) return given.error();
    auto room = std::make_unique<tally_completion>();
    return tally::hand_out(std::move(room), stream->stream.finish(), out, error);
  });
}

void tally_stream_destroy(tally_stream* stream) { tally::destroy(stream); }

int32_t tally_cancel_token_create(tally_cancel_token** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    *out = new tally_cancel_token();
    return TALLY_OK;
  });
}

int32_t tally_cancel_token_cancel(const tally_cancel_token* token, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(token, "token");
    if (!given.good()) return given.error();
    token->token.cancel();
    return TALLY_OK;
  });
}

int32_t tally_cancel_token_cancelled(const tally_cancel_token* token) {
  return tally::is_whole(token) && token->token.cancelled() ? 1 : 0;
}

void tally_cancel_token_destroy(tally_cancel_token* token) { tally::destroy(token); }

}  // extern "C"
