// SPDX-License-Identifier: MIT
#include "client/recorded_exchange.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

constexpr std::array<std::string_view, 9> result_names = {
    "complete",           "connect_failed", "tls_failed", "send_failed", "receive_failed",
    "refused_by_handler", "failed",         "not_http",   "cancelled"};

std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::size_t path = url.find('/', scheme + 3);
  return path == url.npos ? "/" : url.substr(path);
}

/// Bytes as characters of the same number: pieces may cut a character, or hold anything.
std::string latin1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

std::string bytes_of_latin1(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80 || i + 1 == text.size()) {
      bytes += text[i];
    } else {
      bytes += static_cast<char>(((lead & 0x03) << 6) | (text[++i] & 0x3f));
    }
  }
  return bytes;
}

class LineWriter {
 public:
  void text(std::string_view name, std::string_view value) {
    member(name);
    append_json_string(line_, value);
  }
  /// `name` where it is UTF-8, as nearly all is; else `name_bytes`.
  void bytes(const std::string& name, std::string_view value) {
    if (is_valid_utf8(value)) return text(name, value);
    text(name + "_bytes", latin1(value));
  }
  void raw(std::string_view name, std::string_view value) {
    member(name);
    line_ += value;
  }
  void after(std::string_view name, microseconds time) { raw(name, std::to_string(time.count())); }
  std::string finish() { return std::move(line_) + "}"; }

 private:
  void member(std::string_view name) {
    line_ += line_.empty() ? "{" : ",";
    append_json_string(line_, name);
    line_ += ':';
  }
  std::string line_;
};

std::string list_of(const HttpHeaders& headers) {
  std::string list = "[";
  for (const auto& [name, value] : headers) {
    list += list.size() > 1 ? ",[" : "[";
    append_json_string(list, name);
    list += ',';
    append_json_string(list, value);
    list += ']';
  }
  return list + "]";
}

Error bad(const std::string& why) {
  return Error{ErrorKind::invalid_argument, "this is no line of a recording: " + why};
}

/// Reads the members of one line; what is absent stays as it is. The first that is of a wrong kind
/// is the error.
class LineReader {
 public:
  explicit LineReader(const JsonValue& line) : line_(line) {}
  const std::optional<Error>& error() const { return error_; }
  void fail(const std::string& why) {
    if (!error_) error_ = bad(why);
  }

  const JsonValue* find(std::string_view name, JsonType type) {
    const JsonValue* value = line_.find(name);
    if (value == nullptr || value->type == type) return value;
    fail(std::string(name) + " is of a wrong kind");
    return nullptr;
  }
  void text(std::string_view name, std::string& into) {
    if (const JsonValue* value = find(name, JsonType::string)) into = value->text;
  }
  /// A member that is text or bytes.
  void bytes(const std::string& name, std::string& into) {
    text(name, into);
    if (const JsonValue* value = find(name + "_bytes", JsonType::string)) {
      into = bytes_of_latin1(value->text);
    }
  }
  void flag(std::string_view name, bool& into) {
    if (const JsonValue* value = find(name, JsonType::boolean)) into = value->boolean;
  }
  void number(std::string_view name, std::int64_t& into) {
    if (const JsonValue* value = find(name, JsonType::number)) into = number_of(name, *value);
  }
  void instant(std::string_view name, Instant& into) {
    const JsonValue* value = find(name, JsonType::string);
    if (value == nullptr) return fail(std::string(name) + " is missing");
    const auto read = parse_instant(value->text);
    if (!read) return fail(std::string(name) + " is no instant");
    into = *read;
  }
  void after(std::string_view name, microseconds& into) {
    std::int64_t count = into.count();
    number(name, count);
    into = microseconds(count);
  }
  std::vector<std::int64_t> numbers(std::string_view name) {
    std::vector<std::int64_t> list;
    if (const JsonValue* value = find(name, JsonType::array)) {
      for (const JsonValue& each : value->children()) list.push_back(number_of(name, each));
    }
    return list;
  }

 private:
  /// Sizes and microseconds: more than a century of them is a mistake.
  std::int64_t number_of(std::string_view name, const JsonValue& value) {
    constexpr std::int64_t most = std::int64_t{36525} * 86400 * 1000 * 1000;
    const std::int64_t number = value.as_int().value_or(-1);
    if (number >= 0 && number <= most) return number;
    fail(std::string(name) + " holds what is no number from 0");
    return 0;
  }

  const JsonValue& line_;
  std::optional<Error> error_;
};

void read_headers(LineReader& line, HttpHeaders& headers) {
  const JsonValue* list = line.find("headers", JsonType::array);
  if (list == nullptr) return;
  for (const JsonValue& pair : list->children()) {
    const JsonChildren both = pair.children();
    const bool is_pair =
        both.size() == 2 && both[0].as_string() != nullptr && both[1].as_string() != nullptr;
    if (!is_pair) return line.fail("a header is no pair of texts");
    headers.emplace_back(both[0].text, both[1].text);
  }
}

void read_pieces(LineReader& line, std::vector<RecordedPiece>& pieces) {
  std::string body;
  line.bytes("body", body);
  std::string_view left = body;
  for (const std::int64_t size : line.numbers("pieces")) {
    if (static_cast<std::uint64_t>(size) > left.size()) {
      return line.fail("its pieces are longer than its body");
    }
    pieces.push_back({std::string(left.substr(0, static_cast<std::size_t>(size))), {}});
    left.remove_prefix(static_cast<std::size_t>(size));
  }
  // A body that somebody wrote by hand needs no sizes, and its pieces no times.
  if (!left.empty()) pieces.push_back({std::string(left), {}});
  const std::vector<std::int64_t> times = line.numbers("pieces_after");
  if (times.size() > pieces.size()) return line.fail("it has more times than pieces");
  for (std::size_t i = 0; i < times.size(); ++i) pieces[i].after = microseconds(times[i]);
}

void read_end(LineReader& line, RecordedExchange& exchange) {
  std::string result = "complete";
  line.text("result", result);
  const auto found = std::find(result_names.begin(), result_names.end(), result);
  if (found == result_names.end()) return line.fail("result \"" + result + "\" is unknown");
  exchange.result = static_cast<TransferResult>(found - result_names.begin());
  line.after("ended_after", exchange.ended_after);
  line.bytes("message", exchange.message);
  line.flag("request_sent", exchange.request_sent);
}

}  // namespace

RecordedExchange recorded_request(const HttpRequest& request) {
  RecordedExchange exchange;
  exchange.method = request.body ? "POST" : "GET";
  exchange.path = path_of(request.url);
  if (request.body) exchange.request = *request.body;
  return exchange;
}

void redact(RecordedExchange& exchange, const std::vector<std::string>& secrets) {
  redact(exchange.path, secrets);
  redact(exchange.request, secrets);
  redact(exchange.message, secrets);
  std::vector<std::string*> pieces;
  for (RecordedPiece& piece : exchange.pieces) pieces.push_back(&piece.bytes);
  redact_pieces(pieces, secrets);
  HttpHeaders& headers = exchange.headers;
  headers.erase(std::remove_if(headers.begin(), headers.end(),
                               [](const auto& header) { return is_secret_name(header.first); }),
                headers.end());
  for (auto& [name, value] : headers) {
    redact(value, secrets);
    if (is_secret_value(value, secrets)) value = "[key]";
  }
}

std::string to_line(const RecordedExchange& exchange) {
  LineWriter line;
  line.text("method", exchange.method);
  line.text("path", exchange.path);
  line.text("started", to_string(exchange.started));
  line.text("ended", to_string(exchange.ended));
  line.bytes("request", exchange.request);
  line.raw("connected", exchange.is_connected ? "true" : "false");
  line.after("connected_after", exchange.connected_after);
  line.raw("status", std::to_string(exchange.status));
  line.raw("headers", list_of(exchange.headers));
  line.after("head_after", exchange.head_after);
  std::string sizes;
  std::string times;
  std::string body;
  for (const RecordedPiece& piece : exchange.pieces) {
    sizes += (sizes.empty() ? "" : ",") + std::to_string(piece.bytes.size());
    times += (times.empty() ? "" : ",") + std::to_string(piece.after.count());
    body += piece.bytes;
  }
  line.bytes("body", body);
  line.raw("pieces", "[" + sizes + "]");
  line.raw("pieces_after", "[" + times + "]");
  line.text("result", result_names[static_cast<std::size_t>(exchange.result)]);
  line.after("ended_after", exchange.ended_after);
  line.bytes("message", exchange.message);
  line.raw("request_sent", exchange.request_sent ? "true" : "false");
  return line.finish();
}

Result<RecordedExchange> parse_line(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return bad(json.error().message);
  LineReader line(json->root());
  RecordedExchange exchange;
  line.text("method", exchange.method);
  line.text("path", exchange.path);
  if (exchange.method.empty() || exchange.path.empty()) line.fail("method or path is missing");
  line.bytes("request", exchange.request);
  line.instant("started", exchange.started);
  line.instant("ended", exchange.ended);
  line.flag("connected", exchange.is_connected);
  line.after("connected_after", exchange.connected_after);
  std::int64_t status = 0;
  line.number("status", status);
  if (status > 999) line.fail("status " + std::to_string(status) + " is none");
  exchange.status = static_cast<int>(status);
  read_headers(line, exchange.headers);
  line.after("head_after", exchange.head_after);
  read_pieces(line, exchange.pieces);
  read_end(line, exchange);
  if (line.error()) return *line.error();
  return exchange;
}

}  // namespace TALLY_ABI
}  // namespace tally
