// SPDX-License-Identifier: MIT
#include "wire/reply_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/quietly.hpp"
#include "base/utf8.hpp"
#include "wire/chunk_reader.hpp"
#include "wire/chunk_template.hpp"
#include "wire/error_json.hpp"
#include "wire/reply_builder.hpp"
#include "wire/sse_parser.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr int answered = 200;
// Enough of an answer that is none to tell what it is: a page's title stands behind its metadata.
constexpr std::size_t head_bytes = 2048;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Error make_error(ErrorKind kind, std::string message) { return Error{kind, std::move(message)}; }

Error over_limit(std::string_view what, std::string_view limit, std::size_t value) {
  std::string message(what);
  message.append(" is larger than Limits::").append(limit);
  return make_error(ErrorKind::limit_exceeded, message + " (" + std::to_string(value) + ")");
}

/// The beginning of an answer as it can stand in a message: printable ASCII, in one line.
std::string excerpt(std::string_view head) {
  constexpr std::size_t longest = 80;
  std::string shown;
  for (const char c : trim(head)) {
    if (shown.size() == longest) return shown + "...";
    const bool printable = c > ' ' && c < 0x7F;
    if (printable || shown.empty() || shown.back() != ' ') shown += printable ? c : ' ';
  }
  return shown;
}

/// What a page calls itself, or else its beginning.
std::string_view title_of(std::string_view page) {
  constexpr std::string_view opening = "<title>";
  const std::size_t begin = page.find(opening);
  if (begin == page.npos) return page;
  const std::string_view title = page.substr(begin + opening.size());
  return title.substr(0, title.find('<'));
}

}  // namespace

struct ReplyReader::State {
  State(const Provider& provider_, const Limits& limits_, std::vector<DeltaRecord>* deltas,
        ChunkPath path_)
      : provider(provider_),
        limits(limits_),
        path(path_),
        sse(limits_.line_bytes, limits_.event_bytes),
        builder(deltas) {}

  enum class Form { unknown, stream, document, page };

  const Provider provider;
  const Limits limits;
  const ChunkPath path;
  Form form = Form::unknown;
  bool in_comment = false;  // Before the form is known.
  std::string head;         // Of what is no answer: its first bytes, for messages.
  SseParser sse;
  std::string document;
  std::string repaired;
  ReplyBuilder builder;
  ChunkTemplates templates;
  bool hopeless = false;
  bool done = false;
  bool is_reading =
      false;  // Stays where memory ran out: the reply ends in the middle of something.
  bool has_ended = false;
  std::uint64_t payload_count = 0;

  void feed(std::string_view bytes);
  void finish(bool cut);
  void read_rest(bool cut);

 private:
  std::string_view skip_preamble(std::string_view bytes);
  void choose_form(char first);
  void keep_head(std::string_view bytes);
  void feed_stream(std::string_view bytes);
  void feed_document(std::string_view bytes);
  void read_event(const SseEvent& event);
  bool read_known_chunk(std::string_view data);
  void read_unknown_chunk(std::string_view data);
  void read_error_event(std::string_view data);
  void finish_stream();
  void finish_document(bool cut);
  void finish_page();
  bool proven() const { return done || builder.finished(); }
  void give_up(Error error);
  void check_size();
  void keep_raw(std::string_view json);
  std::string_view as_utf8(std::string_view bytes);
  Result<JsonDocument> parse(std::string_view text) const;
  void fail_to_parse(std::string what, const Error& error);
  Error unproven(bool cut) const;
};

void ReplyReader::State::feed(std::string_view bytes) {
  if (hopeless) return;
  if (form == Form::unknown) {
    bytes = skip_preamble(bytes);
    if (bytes.empty()) return;
    choose_form(bytes.front());
  }
  switch (form) {
    case Form::stream:
      feed_stream(bytes);
      if (payload_count == 0) keep_head(bytes);
      return;
    case Form::document:
      return feed_document(bytes);
    case Form::page:
      payload_count += bytes.size();
      keep_head(bytes);
      if (head.size() == head_bytes) finish_page();
      return;
    case Form::unknown:
      return;
  }
}

/// What is left after blank lines and comments: a server that queues a request sends either, also
/// before a document. A byte order mark may come cut, so its bytes are passed over singly.
std::string_view ReplyReader::State::skip_preamble(std::string_view bytes) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_comment) {
      in_comment = c != '\n' && c != '\r';
    } else if (c == ':') {
      in_comment = true;
    } else if (!is_space(c) && byte_order_mark.find(c) == byte_order_mark.npos) {
      return bytes.substr(i);
    }
  }
  return {};
}

void ReplyReader::State::choose_form(char first) {
  form = first == '{' ? Form::document : first == '<' ? Form::page : Form::stream;
}

void ReplyReader::State::keep_head(std::string_view bytes) {
  if (head.size() < head_bytes) head += bytes.substr(0, head_bytes - head.size());
}

void ReplyReader::State::feed_stream(std::string_view bytes) {
  sse.feed(bytes);
  for (SseEvent event; !hopeless && sse.next(event);) read_event(event);
  if (sse.overflow() == SseParser::Overflow::line) {
    give_up(over_limit("a line of the answer", "line_bytes", limits.line_bytes));
  } else if (sse.overflow() == SseParser::Overflow::event) {
    give_up(over_limit("an event of the answer", "event_bytes", limits.event_bytes));
  }
}

void ReplyReader::State::feed_document(std::string_view bytes) {
  payload_count += bytes.size();
  if (bytes.size() > limits.event_bytes - document.size()) {
    document = {};
    return give_up(over_limit("the answer", "event_bytes", limits.event_bytes));
  }
  document += bytes;
}

void ReplyReader::State::read_event(const SseEvent& event) {
  const std::string_view data = trim(event.data);
  if (data.empty()) return;  // Some proxies keep a connection alive with these.
  ++payload_count;
  keep_raw(data);
  if (data == "[DONE]") {
    done = true;
  } else if (event.type == "error") {
    read_error_event(data);
  } else if (path == ChunkPath::general || !read_known_chunk(data)) {
    read_unknown_chunk(data);
  }
  check_size();
}

void ReplyReader::State::check_size() {
  if (builder.size() + builder.reply().raw.size() <= limits.reply_bytes) return;
  give_up(over_limit("the answer", "reply_bytes", limits.reply_bytes));
}

void ReplyReader::State::keep_raw(std::string_view json) {
  if (!limits.keep_raw || json == "[DONE]") return;
  std::string& raw = builder.reply().raw;
  if (!raw.empty()) raw += '\n';
  raw += json;
}

bool ReplyReader::State::read_known_chunk(std::string_view data) {
  DeltaRecord record;
  if (!templates.read(data, builder.reply().message, record)) return false;
  builder.note(record);
  return true;
}

void ReplyReader::State::read_unknown_chunk(std::string_view data) {
  const std::string_view text = as_utf8(data);
  const Result<JsonDocument> chunk = parse(text);
  // Only what was read as JSON may become a template: what equals it is taken for JSON too.
  if (!chunk) return fail_to_parse("an event of the stream is ", chunk.error());
  if (chunk->root().is_object()) {
    read_chunk(chunk->root(), text, ChunkForm::event, builder);
  } else if (!chunk->root().is_null()) {
    builder.fail(make_error(ErrorKind::malformed_reply,
                            "an event of the stream is JSON, but not an object"));
  }
  templates.learn(data, builder.last_tool());
}

/// An event that is named `error` is one whatever it holds.
void ReplyReader::State::read_error_event(std::string_view data) {
  const std::string_view text = as_utf8(data);
  const Result<JsonDocument> chunk = parse(text);
  std::optional<Error> stated;
  if (chunk) {
    read_chunk(chunk->root(), text, ChunkForm::event, builder);
    stated = error_of_json(answered, chunk->root());
    templates.learn(data, builder.last_tool());
  }
  if (!stated) {
    stated = make_error(ErrorKind::server,
                        "the server reported an error in the stream: " + excerpt(data));
  }
  builder.fail(*std::move(stated));
}

/// `bytes`, or a repaired copy that lives until the next call: where a value stands in its text is
/// only known of valid text.
std::string_view ReplyReader::State::as_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return bytes;
  repaired = replace_invalid_utf8(bytes);
  return repaired;
}

Result<JsonDocument> ReplyReader::State::parse(std::string_view text) const {
  return parse_json(text, limits.json_depth);
}

void ReplyReader::State::fail_to_parse(std::string what, const Error& error) {
  if (error.kind != ErrorKind::limit_exceeded) {
    return builder.fail(make_error(error.kind, what + error.message));
  }
  give_up(make_error(error.kind, "the answer's JSON is nested deeper than Limits::json_depth (" +
                                     std::to_string(limits.json_depth) + ")"));
}

void ReplyReader::State::give_up(Error error) {
  builder.fail(std::move(error));
  hopeless = true;
}

void ReplyReader::State::finish(bool cut) {
  if (has_ended && !is_reading) return;
  has_ended = true;
  if (is_reading) {
    builder.fail(out_of_memory());
  } else if (!hopeless) {
    read_rest(cut);
  }
  builder.complete_reply();
}

void ReplyReader::State::read_rest(bool cut) {
  is_reading = true;
  if (form == Form::stream) finish_stream();
  if (form == Form::stream && !cut) builder.end_choices();
  if (form == Form::document) finish_document(cut);
  if (form == Form::page) finish_page();
  if (!proven() && !builder.error()) builder.fail(unproven(cut));
  is_reading = false;
}

void ReplyReader::State::finish_stream() {
  SseEvent event;
  if (!sse.rest(event)) return;
  // Half an event is what a cut leaves: it is no garbage, and the missing end tells enough.
  const std::string_view data = trim(event.data);
  if (data == "[DONE]" || parse(data)) read_event(event);
}

void ReplyReader::State::finish_document(bool cut) {
  const std::string_view text = as_utf8(document);
  const Result<JsonDocument> parsed = parse(text);
  if (!parsed) {
    // Half a document is what a cut leaves.
    if (cut && parsed.error().kind == ErrorKind::malformed_reply) return;
    return fail_to_parse("the answer is ", parsed.error());
  }
  const JsonValue& root = parsed->root();
  read_chunk(root, text, ChunkForm::document, builder);
  keep_raw(document);
  check_size();
  const JsonValue* choices = root.find("choices");
  done = choices != nullptr && choices->is_array() && !choices->children().empty();
  if (done || builder.error()) return;
  if (auto stated = error_of_json(answered, root)) return builder.fail(*std::move(stated));
  builder.fail(make_error(ErrorKind::malformed_reply,
                          choices != nullptr ? "the answer is JSON, but its choices are empty"
                                             : "the answer is JSON, but has no choices"));
}

void ReplyReader::State::finish_page() {
  give_up(
      make_error(ErrorKind::malformed_reply,
                 "the answer is a page of HTML, not a chat reply: check the base URL, and for a "
                 "proxy or a login page in between (" +
                     excerpt(title_of(head)) + ")"));
}

/// Why an answer without a finish_reason, without [DONE] and without an error is no success.
Error ReplyReader::State::unproven(bool cut) const {
  Error error = make_error(ErrorKind::malformed_reply, {});
  error.retry_may_help = true;
  if (cut) {
    error.kind = ErrorKind::connection;
    error.message = "the connection broke before the answer was complete";
  } else if (form == Form::unknown) {
    error.message = "the answer is empty";
  } else if (payload_count == 0) {
    error.message = "the answer is no chat reply: " + excerpt(head);
  } else if (builder.reply().finish_reason != FinishReason::none) {
    error.message = "the stream ended before each of its choices had, and without [DONE]";
  } else {
    error.message = "the stream ended without a finish_reason and without [DONE]";
  }
  return error;
}

ReplyReader::ReplyReader(const Provider& provider, const Limits& limits,
                         std::vector<DeltaRecord>* deltas, ChunkPath path)
    : state_(std::make_unique<State>(provider, limits, deltas, path)) {}

ReplyReader::~ReplyReader() = default;

void ReplyReader::expect_choices(std::int64_t count) { state_->builder.expect_choices(count); }

void ReplyReader::feed(std::string_view bytes) {
  if (std::exchange(state_->is_reading, true)) return;
  state_->feed(bytes);
  state_->is_reading = false;
}

void ReplyReader::finish(bool cut) { state_->finish(cut); }
const std::optional<Error>& ReplyReader::error() const { return state_->builder.error(); }
bool ReplyReader::hopeless() const { return state_->hopeless || state_->is_reading; }
bool ReplyReader::done() const { return state_->done && !state_->is_reading; }
bool ReplyReader::finished() const { return state_->builder.finished() && !state_->is_reading; }
std::uint64_t ReplyReader::payload_count() const {
  // The first bytes of an event are payload, though it may never become whole.
  const bool is_torn = state_->form == State::Form::stream && state_->sse.has_begun_data();
  return state_->payload_count + (is_torn ? 1 : 0);
}
std::uint64_t ReplyReader::output_deltas() const { return state_->builder.output_deltas(); }
const Reply& ReplyReader::reply() const { return state_->builder.reply(); }

Reply ReplyReader::take_reply() noexcept {
  ReplyBuilder& builder = state_->builder;
  quietly([&] { builder.complete_reply(); });
  Reply taken = std::move(builder.reply());
  quietly([&] { builder.reply().service_tier = taken.service_tier; });  // `usage` asks for it.
  return taken;
}

bool ReplyReader::has_usage() const { return state_->builder.usage().current() != nullptr; }

std::optional<Usage> ReplyReader::usage() const {
  const UsageSnapshots& snapshots = state_->builder.usage();
  if (!snapshots.current()) return std::nullopt;
  ReportedUsage reported = *snapshots.current();
  if (reported.service_tier.empty()) reported.service_tier = reply().service_tier;
  Usage usage = normalize(std::move(reported), state_->provider);
  if (snapshots.regressed()) usage.anomalies.push_back(Anomaly::usage_regressed);
  return usage;
}

void ReplyReader::show(const DeltaRecord& record, Delta& delta) const {
  const Reply& reply = state_->builder.reply();
  const Choice* choice = nullptr;
  if (record.choice > 0) {
    if (record.choice > reply.more_choices.size()) return;
    choice = &reply.more_choices[record.choice - 1];
    delta.choice = choice->index;
  }
  const Message& message = choice != nullptr ? choice->message : reply.message;
  const auto piece = [&record](std::string_view whole) {
    return whole.substr(std::min(record.offset, whole.size()), record.length);
  };
  switch (record.kind) {
    case DeltaRecord::Kind::text:
      delta.text = piece(message.content);
      return;
    case DeltaRecord::Kind::reasoning:
      if (message.reasoning_content) delta.reasoning = piece(*message.reasoning_content);
      return;
    case DeltaRecord::Kind::refusal:
      delta.refusal = piece(choice != nullptr ? choice->refusal : reply.refusal);
      return;
    case DeltaRecord::Kind::tool_call: {
      if (record.tool >= message.tool_calls.size()) return;
      const ToolCall& call = message.tool_calls[record.tool];
      ToolCallDelta& shown = delta.tool_call.emplace();
      shown.index = static_cast<int>(record.tool);
      shown.arguments = piece(call.arguments);
      shown.id = std::string_view(call.id).substr(0, record.id_length);
      shown.name = std::string_view(call.name).substr(0, record.name_length);
      return;
    }
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
