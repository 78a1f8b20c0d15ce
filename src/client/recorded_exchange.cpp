// SPDX-License-Identifier: MIT
#include "client/recorded_exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::array<std::string_view, 8> result_names = {
    "complete",       "connect_failed",     "tls_failed", "send_failed",
    "receive_failed", "refused_by_handler", "failed",     "not_http"};

std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::size_t path = url.find('/', scheme + 3);
  return path == url.npos ? "/" : url.substr(path);
}

bool is_secret(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const std::string_view word : {"authorization", "api-key", "cookie", "x-auth"}) {
    if (lower.find(word) != lower.npos) return true;
  }
  return false;
}

/// A key may begin in one piece and end in another: its mark stands in the first of them.
void redact_pieces(std::vector<std::string>& pieces, std::string_view key) {
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  std::size_t at = key.empty() ? whole.npos : whole.find(key);
  if (at == whole.npos) return;
  std::size_t position = 0;  // In `whole`.
  for (std::string& piece : pieces) {
    const std::size_t end = position + piece.size();
    piece.clear();
    while (position < end) {
      if (at != whole.npos && position >= at + key.size()) at = whole.find(key, position);
      if (position == at) piece += "[key]";
      const bool is_inside = at != whole.npos && position >= at;
      if (!is_inside) piece += whole[position];
      ++position;
    }
  }
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

/// A member that is text or bytes; absent is empty.
std::string bytes_in(const JsonValue& line, const std::string& name) {
  if (const std::string* text = line.find_string(name)) return *text;
  const std::string* bytes = line.find_string(name + "_bytes");
  return bytes != nullptr ? bytes_of_latin1(*bytes) : std::string();
}

std::optional<std::vector<std::string>> cut(std::string_view body, const JsonValue* sizes) {
  std::vector<std::string> pieces;
  if (sizes != nullptr) {
    for (const JsonValue& size : sizes->children) {
      const std::int64_t bytes = size.as_int().value_or(-1);
      if (bytes < 0 || static_cast<std::uint64_t>(bytes) > body.size()) return std::nullopt;
      pieces.emplace_back(body.substr(0, static_cast<std::size_t>(bytes)));
      body.remove_prefix(static_cast<std::size_t>(bytes));
    }
  }
  // A body that somebody wrote by hand needs no sizes.
  if (!body.empty()) pieces.emplace_back(body);
  return pieces;
}

bool is_true(const JsonValue& line, std::string_view name) {
  const JsonValue* value = line.find(name);
  return value != nullptr && value->boolean;
}

Result<void> read_times(const JsonValue& line, RecordedExchange& exchange) {
  const std::string* started = line.find_string("started");
  const std::string* ended = line.find_string("ended");
  if (started == nullptr || ended == nullptr) return bad("started or ended is missing");
  const auto start = parse_instant(*started);
  const auto end = parse_instant(*ended);
  if (!start || !end) return bad("started or ended is no instant");
  exchange.started = *start;
  exchange.ended = *end;
  return {};
}

Result<void> read_end(const JsonValue& line, RecordedExchange& exchange) {
  const std::string* result = line.find_string("result");
  const std::string_view name = result != nullptr ? std::string_view(*result) : "complete";
  exchange.was_cancelled = name == "cancelled";
  const auto found = std::find(result_names.begin(), result_names.end(),
                               exchange.was_cancelled ? "receive_failed" : name);
  if (found == result_names.end()) return bad("result \"" + std::string(name) + "\" is unknown");
  exchange.result = static_cast<TransferResult>(found - result_names.begin());
  exchange.message = bytes_in(line, "message");
  exchange.is_connected = is_true(line, "connected");
  exchange.request_sent = is_true(line, "request_sent");
  return {};
}

}  // namespace

RecordedExchange recorded_request(const HttpRequest& request, std::string_view key) {
  RecordedExchange exchange;
  exchange.method = request.body ? "POST" : "GET";
  exchange.path = path_of(request.url);
  if (request.body) exchange.request = *request.body;
  redact(exchange.path, key);
  redact(exchange.request, key);
  return exchange;
}

void redact(RecordedExchange& exchange, std::string_view key) {
  redact(exchange.path, key);
  redact(exchange.request, key);
  redact(exchange.message, key);
  redact_pieces(exchange.pieces, key);
  HttpHeaders& headers = exchange.headers;
  headers.erase(std::remove_if(headers.begin(), headers.end(),
                               [](const auto& header) { return is_secret(header.first); }),
                headers.end());
  for (auto& header : headers) redact(header.second, key);
}

std::string to_line(const RecordedExchange& exchange) {
  LineWriter line;
  line.text("method", exchange.method);
  line.text("path", exchange.path);
  line.text("started", to_string(exchange.started));
  line.text("ended", to_string(exchange.ended));
  line.bytes("request", exchange.request);
  line.raw("status", std::to_string(exchange.status));
  line.raw("headers", list_of(exchange.headers));
  std::string sizes;
  std::string body;
  for (const std::string& piece : exchange.pieces) {
    sizes += (sizes.empty() ? "" : ",") + std::to_string(piece.size());
    body += piece;
  }
  line.bytes("body", body);
  line.raw("pieces", "[" + sizes + "]");
  line.text("result", exchange.was_cancelled
                          ? "cancelled"
                          : result_names[static_cast<std::size_t>(exchange.result)]);
  line.bytes("message", exchange.message);
  line.raw("connected", exchange.is_connected ? "true" : "false");
  line.raw("request_sent", exchange.request_sent ? "true" : "false");
  return line.finish();
}

Result<RecordedExchange> parse_line(std::string_view text) {
  const auto line = parse_json(text);
  if (!line) return bad(line.error().message);
  RecordedExchange exchange;
  const std::string* method = line->find_string("method");
  const std::string* path = line->find_string("path");
  if (method == nullptr || path == nullptr) return bad("method or path is missing");
  exchange.method = *method;
  exchange.path = *path;
  exchange.request = bytes_in(*line, "request");
  if (auto read = read_times(*line, exchange); !read) return read.error();
  if (auto read = read_end(*line, exchange); !read) return read.error();
  if (const JsonValue* status = line->find("status")) {
    exchange.status =
        static_cast<int>(std::clamp<std::int64_t>(status->as_int().value_or(0), 0, 999));
  }
  if (const JsonValue* headers = line->find("headers")) {
    for (const JsonValue& pair : headers->children) {
      if (pair.children.size() != 2) return bad("a header is no pair");
      exchange.headers.emplace_back(pair.children[0].text, pair.children[1].text);
    }
  }
  auto pieces = cut(bytes_in(*line, "body"), line->find("pieces"));
  if (!pieces) return bad("its pieces are longer than its body");
  exchange.pieces = *std::move(pieces);
  return exchange;
}

}  // namespace TALLY_ABI
}  // namespace tally
