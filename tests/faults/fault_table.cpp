// SPDX-License-Identifier: MIT
#include "fault_table.hpp"

#include <array>

namespace faults {
namespace {

using S = Stage;
using F = Fault;
using B = Bill;

constexpr auto all = Faces::all;
constexpr auto chat = Faces::chat;
constexpr auto streams = Faces::streams;

constexpr const char* none = "";
constexpr const char* five = "The Danube, the";
constexpr const char* six = "The Danube, the Nile";
constexpr const char* whole = "The Danube, the Nile and the Amazon.";

// What the proxy says in the server's place.
constexpr const char* bad_request = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
constexpr const char* too_many =
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"error\":{\"message\":\"Too many requests\",\"type\":\"rate_limit_error\"}}";
constexpr const char* mail_server = "220 mail.example ESMTP\r\n";
constexpr const char* noise = "\x01\x02 no colon in this line\r\n";
constexpr const char* binary =
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n"
    "\x7F"
    "ELF\x02\x01\x01\xFF\xFE\x80\x81\xC0";
constexpr const char* no_choices =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"ok\":true}";
constexpr const char* error_in_200 =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"error\":{\"message\":\"The engine stopped\",\"type\":\"server_error\"}}";
constexpr const char* error_event =
    "data: {\"error\":{\"message\":\"The engine stopped\",\"type\":\"server_error\"}}\n\n";
constexpr const char* garbage_event = "data: {\"id\": nonsense\n\n";

// clang-format off
const std::vector<Row> table = {
    // stage, fault, detail, faces; how it ends, attempts, of them seen, text, bill; the provider's
    // script, what the proxy says, which connections

    {S::dns,            F::refuse,         "no such name",          all,     "connection",             2, 0, none,  B::is_free,           "nobody"},
    {S::dns,            F::cut,            "the service fails",     all,     "connection",             2, 0, none,  B::is_free,           "broken"},
    {S::dns,            F::stall,          "no answer",             all,     "timeout connect",        2, 0, none,  B::is_free,           "silent"},
    {S::dns,            F::slow,           "100 ms",                all,     "ok",                     1, 1, whole, B::settled,           "slow"},
    {S::dns,            F::wrong_content,  "another host",          all,     "connection",             2, 0, none,  B::is_free,           "elsewhere"},
    {S::dns,            F::wrong_content,  "overruled by resolve",  all,     "ok",                     1, 1, whole, B::settled,           "resolve"},
    {S::dns,            F::cancel,         "",                      all,     "cancelled",              1, 0, none,  B::is_free,           "silent"},
    {S::dns,            F::clock,          "total",                 all,     "timeout total",          1, 0, none,  B::is_free,           "silent"},

    {S::connect,        F::refuse,         "",                      all,     "connection",             2, 0, none,  B::is_free},
    {S::connect,        F::cut,            "at accept",             all,     "connection",             2, 2, none,  B::free_or_estimated},
    {S::connect,        F::cut,            "at accept, once",       all,     "ok",                     2, 2, whole, B::free_or_estimated, "", "", Which::first},
    {S::connect,        F::reset,          "at accept",             all,     "connection",             2, 2, none,  B::free_or_estimated},
    {S::connect,        F::reset,          "at accept, once",       all,     "ok",                     2, 2, whole, B::free_or_estimated, "", "", Which::first},
    {S::connect,        F::black_hole,     "no answer to SYN",      all,     "timeout connect",        2, 0, none,  B::is_free},
    {S::connect,        F::stall,          "accepted, never read",  all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::connect,        F::slice,          "every byte alone",      all,     "ok",                     1, 1, whole, B::settled},
    {S::connect,        F::slow,           "100 bytes in 10 ms",    all,     "ok",                     1, 1, whole, B::settled},
    {S::connect,        F::cancel,         "",                      all,     "cancelled",              1, 0, none,  B::is_free},
    {S::connect,        F::clock,          "total",                 all,     "timeout total",          1, 0, none,  B::is_free},

    {S::tls,            F::cut,            "",                      all,     "tls",                    1, 1, none,  B::is_free},
    {S::tls,            F::reset,          "",                      all,     "tls",                    1, 1, none,  B::is_free},
    {S::tls,            F::stall,          "",                      all,     "timeout connect",        2, 2, none,  B::is_free},
    {S::tls,            F::black_hole,     "",                      all,     "timeout connect",        2, 2, none,  B::is_free},
    {S::tls,            F::wrong_content,  "a plain-text port",     all,     "tls",                    1, 1, none,  B::is_free,           "", bad_request},
    {S::tls,            F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::is_free},
    {S::tls,            F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::is_free},

    {S::upload,         F::cut,            "",                      all,     "connection",             2, 2, none,  B::is_free},
    {S::upload,         F::cut,            "once",                  all,     "ok",                     2, 2, whole, B::settled,           "", "", Which::first},
    {S::upload,         F::reset,          "",                      all,     "connection",             2, 2, none,  B::is_free},
    {S::upload,         F::stall,          "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::upload,         F::black_hole,     "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::upload,         F::slice,          "every byte alone",      all,     "ok",                     1, 1, whole, B::settled},
    {S::upload,         F::slow,           "100 bytes in 10 ms",    all,     "ok",                     1, 1, whole, B::settled},
    {S::upload,         F::server_error,   "429, early",            all,     "rate_limited",           2, 2, none,  B::is_free,           "", too_many},
    {S::upload,         F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::estimated},
    {S::upload,         F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::estimated},

    {S::status_line,    F::cut,            "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::status_line,    F::cut,            "once",                  all,     "ok",                     2, 2, whole, B::estimated,         "", "", Which::first},
    {S::status_line,    F::reset,          "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::status_line,    F::stall,          "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::status_line,    F::black_hole,     "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::status_line,    F::slice,          "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::status_line,    F::slow,           "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::status_line,    F::wrong_content,  "a mail server",         all,     "malformed_reply",        1, 1, none,  B::estimated,         "", mail_server},
    {S::status_line,    F::server_error,   "301",                   all,     "invalid_request",        1, 1, none,  B::is_free,           "status=301"},
    {S::status_line,    F::server_error,   "400",                   all,     "invalid_request",        1, 1, none,  B::is_free,           "status=400"},
    {S::status_line,    F::server_error,   "401",                   all,     "authentication",         1, 1, none,  B::is_free,           "status=401"},
    {S::status_line,    F::server_error,   "402",                   all,     "insufficient_balance",   1, 1, none,  B::is_free,           "status=402"},
    {S::status_line,    F::server_error,   "408",                   all,     "server",                 2, 2, none,  B::estimated,         "status=408"},
    {S::status_line,    F::server_error,   "409",                   all,     "invalid_request",        2, 2, none,  B::is_free,           "status=409"},
    {S::status_line,    F::server_error,   "429",                   all,     "rate_limited",           2, 2, none,  B::is_free,           "status=429"},
    {S::status_line,    F::server_error,   "500",                   all,     "server",                 2, 2, none,  B::is_free,           "status=500"},
    {S::status_line,    F::server_error,   "500, HTML",             all,     "server",                 2, 2, none,  B::estimated,         "html; status=500"},
    {S::status_line,    F::server_error,   "501",                   all,     "server",                 1, 1, none,  B::is_free,           "status=501"},
    {S::status_line,    F::server_error,   "502",                   all,     "server",                 2, 2, none,  B::estimated,         "status=502"},
    {S::status_line,    F::server_error,   "503",                   all,     "overloaded",             2, 2, none,  B::is_free,           "status=503"},
    {S::status_line,    F::server_error,   "504",                   all,     "server",                 2, 2, none,  B::estimated,         "status=504"},
    {S::status_line,    F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::estimated},
    {S::status_line,    F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::estimated},

    {S::headers,        F::cut,            "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::headers,        F::cut,            "once",                  all,     "ok",                     2, 2, whole, B::estimated,         "", "", Which::first},
    {S::headers,        F::reset,          "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::headers,        F::stall,          "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::headers,        F::black_hole,     "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::headers,        F::slice,          "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::headers,        F::slow,           "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::headers,        F::wrong_content,  "noise in a line",       all,     "malformed_reply",        1, 1, none,  B::estimated,         "", noise},
    {S::headers,        F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::estimated},
    {S::headers,        F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::estimated},

    {S::before_payload, F::cut,            "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::before_payload, F::cut,            "once",                  all,     "ok",                     2, 2, whole, B::estimated,         "", "", Which::first},
    {S::before_payload, F::cut,            "behind comments",       streams, "connection",             2, 2, none,  B::estimated,         "keepalives=3; cut_bytes=20", "", Which::none},
    {S::before_payload, F::reset,          "",                      all,     "connection",             2, 2, none,  B::estimated},
    {S::before_payload, F::stall,          "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::before_payload, F::stall,          "but keep-alives",       all,     "timeout first_byte",     1, 1, none,  B::estimated,         "keepalives=100; keepalive_delay_ms=50", "", Which::none},
    {S::before_payload, F::black_hole,     "",                      all,     "timeout first_byte",     1, 1, none,  B::estimated},
    {S::before_payload, F::slice,          "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::before_payload, F::slow,           "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::before_payload, F::slow,           "keep-alives first",     all,     "ok",                     1, 1, whole, B::settled,           "keepalives=5; keepalive_delay_ms=20", "", Which::none},
    {S::before_payload, F::wrong_content,  "HTML, 200",             all,     "malformed_reply",        1, 1, none,  B::estimated,         "html"},
    {S::before_payload, F::wrong_content,  "empty, 200",            all,     "malformed_reply",        1, 1, none,  B::estimated,         "empty"},
    {S::before_payload, F::wrong_content,  "binary, 200",           all,     "malformed_reply",        1, 1, none,  B::estimated,         "", binary},
    {S::before_payload, F::wrong_content,  "JSON, no choices",      all,     "malformed_reply",        1, 1, none,  B::estimated,         "", no_choices},
    {S::before_payload, F::server_error,   "in a 200",              all,     "server",                 1, 1, none,  B::estimated,         "", error_in_200},
    {S::before_payload, F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::estimated},
    {S::before_payload, F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::estimated},

    {S::first_byte,     F::cut,            "",                      all,     "connection",             1, 1, none,  B::estimated},
    {S::first_byte,     F::reset,          "",                      all,     "connection",             1, 1, none,  B::estimated},
    {S::first_byte,     F::stall,          "",                      all,     "timeout payload_idle",   1, 1, none,  B::estimated},
    {S::first_byte,     F::black_hole,     "",                      all,     "timeout payload_idle",   1, 1, none,  B::estimated},
    {S::first_byte,     F::slice,          "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::first_byte,     F::slow,           "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::first_byte,     F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::estimated},
    {S::first_byte,     F::clock,          "total",                 all,     "timeout total",          1, 1, none,  B::estimated},

    {S::mid_event,      F::cut,            "",                      streams, "connection",             1, 1, five,  B::estimated},
    {S::mid_event,      F::cut,            "",                      chat,    "connection",             1, 1, none,  B::estimated},
    {S::mid_event,      F::reset,          "",                      streams, "connection",             1, 1, five,  B::estimated},
    {S::mid_event,      F::reset,          "",                      chat,    "connection",             1, 1, none,  B::estimated},
    {S::mid_event,      F::stall,          "",                      streams, "timeout payload_idle",   1, 1, five,  B::estimated},
    {S::mid_event,      F::stall,          "",                      chat,    "timeout payload_idle",   1, 1, none,  B::estimated},
    {S::mid_event,      F::black_hole,     "",                      streams, "timeout payload_idle",   1, 1, five,  B::estimated},
    {S::mid_event,      F::black_hole,     "",                      chat,    "timeout payload_idle",   1, 1, none,  B::estimated},
    {S::mid_event,      F::slice,          "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::mid_event,      F::slow,           "",                      all,     "ok",                     1, 1, whole, B::settled},
    {S::mid_event,      F::wrong_content,  "no UTF-8",              streams, "ok",                     1, 1, "The Danubea\xEF\xBF\xBD\xEF\xBF\xBDz, the Nile and the Amazon.",B::settled,           "bad_utf8=2"},
    {S::mid_event,      F::wrong_content,  "no UTF-8",              chat,    "ok",                     1, 1, "The Danube, the Nile and the Amazon.a\xEF\xBF\xBD\xEF\xBF\xBDz",B::settled,           "bad_utf8=2"},
    {S::mid_event,      F::cancel,         "",                      streams, "cancelled",              1, 1, five,  B::estimated},
    {S::mid_event,      F::cancel,         "",                      chat,    "cancelled",              1, 1, none,  B::estimated},
    {S::mid_event,      F::clock,          "total",                 streams, "timeout total",          1, 1, five,  B::estimated},
    {S::mid_event,      F::clock,          "total",                 chat,    "timeout total",          1, 1, none,  B::estimated},

    {S::between_events, F::cut,            "",                      streams, "connection",             1, 1, six,   B::estimated},
    {S::between_events, F::reset,          "",                      streams, "connection",             1, 1, six,   B::estimated},
    {S::between_events, F::stall,          "",                      streams, "timeout payload_idle",   1, 1, six,   B::estimated},
    {S::between_events, F::stall,          "but comments",          streams, "timeout payload_idle",   1, 1, six,   B::estimated,         "stall_after=5; stall_comments", "", Which::none},
    {S::between_events, F::black_hole,     "",                      streams, "timeout payload_idle",   1, 1, six,   B::estimated},
    {S::between_events, F::slice,          "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::between_events, F::slow,           "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::between_events, F::wrong_content,  "no JSON",               streams, "malformed_reply",        1, 1, whole, B::settled,           "garbage_chunk=5"},
    {S::between_events, F::server_error,   "an error event",        streams, "server",                 1, 1, six,   B::estimated,         "error_after=5"},
    {S::between_events, F::cancel,         "",                      streams, "cancelled",              1, 1, six,   B::estimated},
    {S::between_events, F::clock,          "total",                 streams, "timeout total",          1, 1, six,   B::estimated},

    {S::after_finish,   F::cut,            "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::cut,            "usage to come",         streams, "ok",                     1, 1, whole, B::estimated,         "usage=extra"},
    {S::after_finish,   F::cut,            "no [DONE]",             streams, "ok",                     1, 1, whole, B::settled,           "no_done"},
    {S::after_finish,   F::reset,          "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::reset,          "usage to come",         streams, "ok",                     1, 1, whole, B::estimated,         "usage=extra"},
    {S::after_finish,   F::stall,          "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::stall,          "usage to come",         streams, "ok",                     1, 1, whole, B::estimated,         "usage=extra"},
    {S::after_finish,   F::black_hole,     "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::slice,          "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::slow,           "",                      streams, "ok",                     1, 1, whole, B::settled},
    {S::after_finish,   F::wrong_content,  "no JSON",               streams, "malformed_reply",        1, 1, whole, B::settled,           "", garbage_event},
    {S::after_finish,   F::server_error,   "an error event",        streams, "server",                 1, 1, whole, B::settled,           "", error_event},
    {S::after_finish,   F::server_error,   "overloaded",            all,     "overloaded",             1, 1, whole, B::settled,           "finish=insufficient_system_resource"},
    {S::after_finish,   F::server_error,   "filtered content",      all,     "ok",                     1, 1, whole, B::settled,           "finish=content_filter"},
    {S::after_finish,   F::cancel,         "",                      streams, "cancelled",              1, 1, whole, B::settled},
    {S::after_finish,   F::clock,          "total",                 streams, "ok",                     1, 1, whole, B::settled},

    // The first attempt is a 503 with Retry-After: 1; what is told here meets the second.
    {S::back_off,       F::refuse,         "the port closes",       all,     "connection",             2, 1, none,  B::is_free},
    {S::back_off,       F::cut,            "while it waits",        all,     "ok",                     2, 2, whole, B::settled},
    {S::back_off,       F::reset,          "while it waits",        all,     "ok",                     2, 2, whole, B::settled},
    {S::back_off,       F::stall,          "the kept connection",   all,     "timeout first_byte",     2, 2, none,  B::estimated},
    {S::back_off,       F::black_hole,     "the kept connection",   all,     "timeout first_byte",     2, 2, none,  B::estimated},
    {S::back_off,       F::slow,           "",                      all,     "ok",                     2, 2, whole, B::settled},
    {S::back_off,       F::wrong_content,  "HTML, 200",             all,     "malformed_reply",        2, 2, none,  B::estimated,         "html"},
    {S::back_off,       F::server_error,   "503 again",             all,     "overloaded",             2, 2, none,  B::is_free,           "status=503"},
    {S::back_off,       F::server_error,   "Retry-After: 1 day",    all,     "overloaded",             1, 1, none,  B::is_free,           "status=503; retry_after=86400"},
    {S::back_off,       F::cancel,         "",                      all,     "cancelled",              1, 1, none,  B::is_free,           "status=503; retry_after=30"},
    {S::back_off,       F::clock,          "total",                 all,     "overloaded",             1, 1, none,  B::is_free,           "status=503; retry_after=30"},
};

// clang-format on

const std::vector<NoCell> missing = {
    {S::dns, "reset, black hole", "a lookup is no connection; its silence is the stall"},
    {S::dns, "slice, server error", "names are answered whole, and no HTTP is spoken yet"},
    {S::connect, "wrong content, server error", "a connection that stands has no content"},
    {S::tls, "refuse", "without a connection there is no handshake: see connect"},
    {S::tls, "slow, slice", "needs a server with a certificate: tests with nginx have it"},
    {S::tls, "server error", "nothing of HTTP comes before the handshake ends"},
    {S::upload, "refuse", "the connection stands already"},
    {S::upload, "wrong content", "what a server says early is its answer: see status line"},
    {S::status_line, "refuse", "the connection stands already (so in all stages to after finish)"},
    {S::headers, "server error", "the status came before them: see status line"},
    {S::first_byte, "wrong content, server error", "of one byte: see before payload"},
    {S::mid_event, "server error", "an error is an event of its own: see between events"},
    {S::between_events, "chat: all", "a document has no events"},
    {S::after_finish, "chat: but server error", "a document is whole or it is not: see mid-event"},
    {S::back_off, "slice", "bytes are sliced in every other stage"},
};

}  // namespace

const std::vector<Row>& fault_table() { return table; }
const std::vector<NoCell>& no_cells() { return missing; }

std::string_view to_string(Stage stage) {
  constexpr std::array<std::string_view, 12> names = {"DNS",
                                                      "connect",
                                                      "TLS",
                                                      "request upload",
                                                      "status line",
                                                      "headers",
                                                      "before first payload",
                                                      "first payload byte",
                                                      "mid-event",
                                                      "between events",
                                                      "after finish_reason",
                                                      "back-off"};
  return names[static_cast<std::size_t>(stage)];
}

std::string_view to_string(Fault fault) {
  constexpr std::array<std::string_view, 11> names = {
      "refuse", "cut",           "reset",        "stall",  "black hole", "slow",
      "slice",  "wrong content", "server error", "cancel", "clock"};
  return names[static_cast<std::size_t>(fault)];
}

std::string_view to_string(Face face) {
  constexpr std::array<std::string_view, 3> names = {"chat", "stream", "poll"};
  return names[static_cast<std::size_t>(face)];
}

}  // namespace faults
