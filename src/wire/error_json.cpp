// SPDX-License-Identifier: MIT
#include "wire/error_json.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::size_t longest_message = 4000;
constexpr std::size_t longest_excerpt = 200;

/// What a server says about an error, whatever shape it chose.
struct Report {
  std::string message;
  std::string code;  ///< Its code or type, verbatim.
  std::string
      words;       ///< Code, type, inner code and message in lower case: what kinds are told from.
  int status = 0;  ///< A status inside the body (OpenRouter's `code`), which a 200 may hide.
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool has_any(std::string_view words, std::initializer_list<std::string_view> signs) {
  return std::any_of(signs.begin(), signs.end(),
                     [&](std::string_view sign) { return words.find(sign) != words.npos; });
}

/// `text` with a space for each byte that could drive a terminal: C0 and C1 controls, but no line
/// feeds.
std::string without_controls(std::string text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const bool is_c0 = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    const bool is_c1 =
        c == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (is_c0 || is_c1) text[at] = ' ';
    if (is_c1) text[at + 1] = ' ';
  }
  return text;
}

/// At most `limit` bytes of valid UTF-8, cut between characters.
std::string_view shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string printable(std::string_view text) {
  return without_controls(std::string(shortened(text, longest_message)));
}

/// Where the markup that begins at `at` ends: a tag, or a whole script or style element.
std::size_t markup_end(std::string_view lowered, std::size_t at) {
  for (const std::string_view element : {"<script", "<style"}) {
    if (lowered.substr(at, element.size()) != element) continue;
    const std::size_t closing = lowered.find("</" + std::string(element.substr(1)), at);
    at = closing == lowered.npos ? lowered.size() : closing;
  }
  const std::size_t end = lowered.find('>', at);
  return end == lowered.npos ? lowered.size() : end + 1;
}

/// The first words of a body that is no JSON: without tags, on one line.
std::string excerpt(std::string_view body) {
  const std::string text = without_controls(replace_invalid_utf8(body.substr(0, 16384)));
  const std::string lowered = lower(text);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const bool is_markup = start != text.npos && text[start] == '<';
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() <= longest_excerpt;) {
    const char c = text[at];
    const bool is_tag = is_markup && c == '<';
    const bool is_gap = is_tag || c == ' ' || c == '\n' || c == '\t';
    if (!is_gap) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
    at = is_tag ? markup_end(lowered, at) : at + 1;
  }
  if (out.size() > longest_excerpt) return std::string(shortened(out, longest_excerpt)) + "...";
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string text_of(const JsonValue* value) {
  const bool has_text =
      value && (value->type == JsonType::string || value->type == JsonType::number);
  return std::string(has_text ? value->text : std::string_view());
}

const JsonValue* path(const JsonValue& value, std::initializer_list<std::string_view> names) {
  const JsonValue* at = &value;
  for (const std::string_view name : names) {
    at = at->find(name);
    if (!at) return nullptr;
  }
  return at;
}

/// FastAPI's list of what did not fit (vLLM, Mistral): `[{"loc": ["body", "top_p"], "msg":
/// "..."}]`.
std::string message_of_details(const JsonValue& details) {
  std::string out;
  for (const JsonValue& detail : details.children()) {
    std::string place;
    if (const JsonValue* loc = detail.find("loc")) {
      for (const JsonValue& part : loc->children()) {
        place.append(place.empty() ? "" : ".").append(part.text);
      }
    }
    const std::string said = text_of(detail.as_string() ? &detail : detail.find("msg"));
    if (said.empty()) continue;
    if (!out.empty()) out += "; ";
    out += place.empty() ? said : place + ": " + said;
  }
  return out;
}

std::string message_in(const JsonValue& object) {
  for (const std::string_view name : {"message", "msg", "error_msg", "error", "title"}) {
    if (const std::string_view* text = object.find_string(name); text && !text->empty()) {
      return std::string(*text);
    }
  }
  return {};
}

Report report_of_object(const JsonValue& object) {
  Report report;
  report.message = message_in(object);
  // OpenRouter's own message is only "Provider returned error"; the reason is below it.
  if (const JsonValue* raw = path(object, {"metadata", "raw"}); raw && raw->as_string()) {
    report.message += ": " + excerpt(raw->text);
  }
  const JsonValue* code = object.find("code");
  const std::string type = text_of(object.find("type"));
  const std::string named = code && code->as_string() ? text_of(code) : std::string();
  // A number repeats the status; the type beside it says more.
  for (const std::string& said : {named, type, text_of(object.find("status")), text_of(code)}) {
    if (report.code.empty()) report.code = said;
  }
  report.words = lower(report.code + ' ' + type + ' ' +
                       text_of(path(object, {"innererror", "code"})) + ' ' + report.message);
  for (const std::string_view name : {"code", "status_code", "status"}) {
    const JsonValue* value = object.find(name);
    // Not `number && *number >= 400`: g++ -O3 compares before it looks whether there is one, which
    // is harmless, and which valgrind reports.
    const std::int64_t number = value ? value->as_int().value_or(0) : 0;
    if (number >= 400 && number < 600) report.status = static_cast<int>(number);
  }
  return report;
}

Report report_of_text(std::string message) {
  Report report;
  report.words = lower(message);
  report.message = std::move(message);
  return report;
}

/// What an `error` member says; nothing where it says that there is none.
std::optional<Report> report_of_member(const JsonValue& member) {
  switch (member.type) {
    case JsonType::object:
      return report_of_object(member);
    case JsonType::array:
      return report_of_text(message_of_details(member));
    case JsonType::string:
      if (member.text.empty()) return std::nullopt;
      return report_of_text(std::string(member.text));
    case JsonType::boolean:
      if (!member.boolean) return std::nullopt;
      return Report();
    default:
      return std::nullopt;
  }
}

std::optional<Report> find_report(const JsonValue& value) {
  // Google wraps its error into an array.
  if (value.is_array() && value.children().size() == 1) {
    return find_report(value.children().front());
  }
  if (const JsonValue* error = value.find("error")) {
    if (auto report = report_of_member(*error)) {
      // Beside `"error": "text"` the rest may stand at the top.
      if (report->code.empty() && !error->is_object()) {
        Report around = report_of_object(value);
        report->code = std::move(around.code);
        report->status = around.status;
        report->words += ' ' + around.words;
        if (const std::string_view* said = value.find_string("message")) {
          report->message.append(": ").append(*said);
        }
      }
      return report;
    }
  }
  // What has choices is an answer, whatever else it has.
  if (value.find("choices")) return std::nullopt;
  for (const std::string_view name : {"detail", "errors"}) {
    if (const JsonValue* member = value.find(name)) {
      if (auto report = report_of_member(*member)) return report;
    }
  }
  if (message_in(value).empty()) return std::nullopt;
  return report_of_object(value);
}

/// The status that the words stand for, where an answer of 200 holds an error.
int status_of_words(std::string_view words) {
  if (has_any(words, {"authentication", "invalid_api_key", "permission"})) return 401;
  if (has_any(words, {"rate_limit", "rate limit", "too many requests"})) return 429;
  if (has_any(words, {"overloaded", "unavailable", "insufficient_system_resource"})) return 503;
  if (has_any(words, {"invalid_request", "not_found", "badrequest"})) return 400;
  return 500;
}

bool means_overflow(std::string_view words) {
  return has_any(words, {"context_length_exceeded", "exceed_context_size", "maximum context length",
                         "maximum prompt length", "prompt too long", "prompt is too long",
                         "available context size", "exceeds the context window",
                         "maximum number of tokens allowed"});
}

bool means_refusal(std::string_view words) {
  return has_any(words, {"content exists risk", "content_filter", "content_policy_violation",
                         "content management policy", "responsibleaipolicyviolation",
                         "data_inspection_failed", "input was flagged", "usage guidelines"});
}

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::authentication;
    case 402:
      return ErrorKind::insufficient_balance;
    case 408:
      return ErrorKind::server;
    case 429:
      return ErrorKind::rate_limited;
    case 503:
    case 529:
      return ErrorKind::overloaded;
    default:
      return status >= 300 && status < 500 ? ErrorKind::invalid_request : ErrorKind::server;
  }
}

ErrorKind kind_of(int status, std::string_view words) {
  if (means_refusal(words)) return ErrorKind::content_refused;
  if (means_overflow(words)) return ErrorKind::context_overflow;
  // OpenAI says 429 when the money is gone; waiting does not help there.
  if (has_any(words, {"insufficient_quota", "insufficient_balance", "insufficient balance"})) {
    return ErrorKind::insufficient_balance;
  }
  return kind_of_status(status);
}

bool retry_may_help(ErrorKind kind, int status) {
  switch (kind) {
    case ErrorKind::overloaded:
    case ErrorKind::rate_limited:
      return true;
    case ErrorKind::server:
      return status == 408 || status == 500 || status == 502 || status == 504;
    default:
      return kind == ErrorKind::invalid_request && status == 409;
  }
}

std::string_view advice(ErrorKind kind, int status) {
  if (status >= 300 && status < 400) return "redirects are not followed: check base_url";
  if (status == 404) return "check the model's name and base_url";
  if (status == 409) return "try again";
  if (status == 413) return "request body too large: send less";
  switch (kind) {
    case ErrorKind::authentication:
      return "check the API key and what it may do";
    case ErrorKind::insufficient_balance:
      return "top up the account";
    case ErrorKind::rate_limited:
      return "try again later, or make fewer calls at once";
    case ErrorKind::context_overflow:
      return "shorten the conversation";
    case ErrorKind::content_refused:
      return "change the content: a retry does not help";
    case ErrorKind::overloaded:
      return "the server is overloaded: try again later";
    case ErrorKind::server:
      return "the server's fault: try again later";
    default:
      return "correct the request";
  }
}

Error make_error(int status, const Report& report) {
  const bool in_answer = status >= 200 && status < 300;
  int meant = status;
  if (in_answer) meant = report.status != 0 ? report.status : status_of_words(report.words);

  Error error;
  error.kind = kind_of(meant, report.words);
  error.http_status = status;
  error.provider_code = printable(report.code);
  error.retry_may_help = retry_may_help(error.kind, meant);
  error.message = in_answer ? "the server reported an error inside its answer"
                            : "the server answered " + std::to_string(status);
  if (!report.message.empty()) error.message += ": " + printable(report.message);
  error.message += " (" + std::string(advice(error.kind, meant)) + ')';
  return error;
}

}  // namespace

std::optional<Error> error_of_json(int status, const JsonValue& value) {
  const auto report = find_report(value);
  if (!report) return std::nullopt;
  return make_error(status, *report);
}

Error error_of_response(int status, std::string_view body) {
  if (const auto value = parse_json(body)) {
    if (auto error = error_of_json(status, value->root())) return *std::move(error);
  }
  Report report;
  report.message = excerpt(body);
  // The words of a gateway's page are prose, not codes: only the status counts.
  return make_error(status, report);
}

}  // namespace TALLY_ABI
}  // namespace tally
