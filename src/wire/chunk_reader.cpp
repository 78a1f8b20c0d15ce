// SPDX-License-Identifier: MIT
#include "wire/chunk_reader.hpp"

#include <optional>
#include <string>
#include <utility>

#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr int answered = 200;

std::string_view string_of(const JsonValue& object, std::string_view name) {
  const std::string_view* text = object.find_string(name);
  return text != nullptr ? *text : std::string_view();
}

bool is_object(const JsonValue* value) { return value != nullptr && value->is_object(); }

/// One chunk on its way into the reply.
class ChunkReader {
 public:
  ChunkReader(std::string_view text, ChunkForm form, ReplyBuilder& builder)
      : text_(text), form_(form), builder_(builder) {}

  void read(const JsonValue& chunk) {
    builder_.begin_chunk();
    read_identity(chunk);
    if (const JsonValue* choices = chunk.find("choices")) read_choices(*choices);
    // Groq sends its usage and its errors in an object of its own, beside or instead of the usual
    // places.
    if (const JsonValue* x_groq = chunk.find("x_groq")) {
      read_usage_of(*x_groq);
      read_error_of(*x_groq);
    }
    read_usage_of(chunk);
    read_error_of(chunk);
    // vLLM: the chunk itself is the error.
    if (string_of(chunk, "object") == "error") fail_by(chunk);
  }

 private:
  // The first chunk that says them counts: Azure's first names neither id nor model, and Groq and
  // Avian put another id into late chunks.
  void read_identity(const JsonValue& chunk) {
    Reply& reply = builder_.reply();
    set_once(reply.id, chunk, "id");
    set_once(reply.model, chunk, "model");
    // These may be known only at the end.
    set(reply.system_fingerprint, chunk, "system_fingerprint");
    set(reply.service_tier, chunk, "service_tier");
    const JsonValue* created = chunk.find("created");
    if (created != nullptr && reply.created == 0) reply.created = created->as_int().value_or(0);
  }

  static void set_once(std::string& field, const JsonValue& chunk, std::string_view name) {
    if (field.empty()) set(field, chunk, name);
  }

  static void set(std::string& field, const JsonValue& chunk, std::string_view name) {
    const std::string_view* said = chunk.find_string(name);
    if (said != nullptr && !said->empty()) field = *said;
  }

  void read_choices(const JsonValue& choices) {
    std::int64_t position = 0;
    for (const JsonValue& choice : choices.children()) {
      const JsonValue* index = choice.find("index");
      const auto number = index != nullptr ? index->as_int() : std::nullopt;
      if (builder_.choose(number.value_or(position))) read_choice(choice);
      // Moonshot; every choice's tokens are billed, also of one that nobody reads.
      read_usage_of(choice);
      ++position;
    }
  }

  void read_choice(const JsonValue& choice) {
    if (const JsonValue* said = message_of(choice)) read_message(*said);
    // A completion has no messages: its choice is the text.
    if (!is_object(choice.find("delta")) && !is_object(choice.find("message"))) {
      builder_.add_text(string_of(choice, "text"));
    }
    const JsonValue* logprobs = choice.find("logprobs");
    if (logprobs != nullptr && logprobs->is_object()) builder_.add_logprobs(*logprobs, text_);
    if (const std::string_view* word = choice.find_string("finish_reason")) {
      builder_.set_finish_reason(*word);
    }
    read_error_of(choice);
  }

  const JsonValue* message_of(const JsonValue& choice) {
    const JsonValue* delta = choice.find("delta");
    const JsonValue* message = choice.find("message");
    if (!is_object(delta)) delta = nullptr;
    if (!is_object(message)) message = nullptr;
    if (form_ == ChunkForm::document) return message != nullptr ? message : delta;
    if (delta != nullptr) {
      builder_.set_speaks_in_deltas();
      return delta;
    }
    // After deltas a message is the whole again (Perplexity sends both), not more of it.
    return builder_.speaks_in_deltas() ? nullptr : message;
  }

  void read_message(const JsonValue& message) {
    read_reasoning(message);
    if (const JsonValue* content = message.find("content")) read_content(*content);
    builder_.add_refusal(string_of(message, "refusal"));
    if (const JsonValue* calls = message.find("tool_calls")) {
      for (const JsonValue& call : calls->children()) read_tool_call(call);
    }
    read_what_goes_back(message);
  }

  void read_what_goes_back(const JsonValue& message) {
    // OpenRouter: thinking with its signatures.
    const JsonValue* details = message.find("reasoning_details");
    if (details != nullptr && details->is_array()) builder_.add_reasoning_details(*details, text_);
    // Gemini: `{"google": {"thought_signature": "..."}}`.
    const JsonValue* extra = message.find("extra_content");
    if (extra != nullptr && !extra->is_null()) builder_.set_extra_content(source(*extra));
  }

  /// `reasoning_content` and `reasoning` are two names of one thing: where both are there, one is a
  /// copy.
  void read_reasoning(const JsonValue& message) {
    const std::string_view* reasoning = message.find_string("reasoning_content");
    if (reasoning == nullptr || reasoning->empty()) {
      const std::string_view* other = message.find_string("reasoning");
      if (other != nullptr) reasoning = other;
    }
    if (reasoning != nullptr) builder_.add_reasoning(*reasoning);
  }

  void read_content(const JsonValue& content) {
    if (const std::string_view* text = content.as_string()) return builder_.add_text(*text);
    if (!content.is_array()) return;
    for (const JsonValue& part : content.children()) read_part(part);
  }

  void read_part(const JsonValue& part) {
    const std::string_view type = string_of(part, "type");
    if (type == "text") return builder_.add_text(string_of(part, "text"));
    if (type == "refusal") return builder_.add_refusal(string_of(part, "refusal"));
    if (type != "thinking") return;
    // Mistral: a text, or once more a list of parts.
    const JsonValue* thinking = part.find("thinking");
    if (thinking == nullptr) return;
    if (const std::string_view* text = thinking->as_string()) return builder_.add_reasoning(*text);
    for (const JsonValue& piece : thinking->children()) {
      builder_.add_reasoning(string_of(piece, "text"));
    }
  }

  void read_tool_call(const JsonValue& call) {
    if (!call.is_object()) return;
    ToolCallPiece piece;
    if (const JsonValue* index = call.find("index")) piece.index = index->as_int();
    piece.id = string_of(call, "id");
    if (const JsonValue* function = call.find("function")) {
      piece.name = string_of(*function, "name");
      const JsonValue* arguments = function->find("arguments");
      if (arguments != nullptr) piece.arguments = arguments_of(*arguments);
    }
    const JsonValue* extra = call.find("extra_content");
    if (extra != nullptr && !extra->is_null()) piece.extra_content = source(*extra);
    builder_.add_tool_call(piece);
  }

  /// Some servers send the object itself where its text belongs.
  std::string_view arguments_of(const JsonValue& arguments) const {
    if (const std::string_view* text = arguments.as_string()) return *text;
    return arguments.is_object() ? source(arguments) : std::string_view();
  }

  void read_usage_of(const JsonValue& holder) {
    const JsonValue* usage = holder.find("usage");
    if (usage == nullptr || !usage->is_object() || usage->children().empty()) return;
    builder_.add_usage(read_usage(*usage, text_));
  }

  void read_error_of(const JsonValue& holder) {
    const JsonValue* error = holder.find("error");
    if (error != nullptr && !error->is_null()) fail_by(holder);
  }

  void fail_by(const JsonValue& holder) {
    if (auto stated = error_of_json(answered, holder)) builder_.fail(*std::move(stated));
  }

  std::string_view source(const JsonValue& value) const {
    return text_.substr(value.begin, value.end - value.begin);
  }

  const std::string_view text_;
  const ChunkForm form_;
  ReplyBuilder& builder_;
};

}  // namespace

void read_chunk(const JsonValue& chunk, std::string_view text, ChunkForm form,
                ReplyBuilder& builder) {
  ChunkReader(text, form, builder).read(chunk);
}

}  // namespace TALLY_ABI
}  // namespace tally
