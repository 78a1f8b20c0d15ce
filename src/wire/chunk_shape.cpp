// SPDX-License-Identifier: MIT
#include "wire/chunk_shape.hpp"

#include <limits>

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr int deepest = 32;
constexpr std::string_view identity_names[] = {"id", "model", "created", "system_fingerprint",
                                               "service_tier"};

/// Walks over the chunk once. Every function steps over what it names and answers whether it stood
/// there; a false answer ends the walk.
class ShapeReader {
 public:
  explicit ShapeReader(std::string_view text) : text_(text) {}

  std::optional<ChunkShape> read() {
    const auto member = [this](std::string_view name) { return chunk_member(name); };
    if (!each_member(member) || !at_end()) return std::nullopt;
    // Beside a delta the text of a choice is not read.
    shape_.is_ordinary = ordinary_ && !(has_delta_ && has_text_) && settle_pieces();
    return shape_;
  }

 private:
  bool chunk_member(std::string_view name) {
    for (std::size_t i = 0; i < shape_.identity.size(); ++i) {
      if (name == identity_names[i]) return value(shape_.identity[i]);
    }
    if (name == "choices") return choices();
    if (name == "object") return object_name();
    if (name == "usage" || name == "error") return expect_null();
    if (name == "x_groq") return groq_member();
    if (name == "obfuscation" || name == "p") return ignored();
    return value();
  }

  /// Says who asked, and at the end of a stream its usage, or what went wrong.
  bool groq_member() {
    if (peek() != '{') return expect_null();
    return each_member([this](std::string_view name) {
      return name == "usage" || name == "error" ? expect_null() : value();
    });
  }

  bool choices() {
    if (!take('[')) return false;
    if (take(']')) return extraordinary();
    const auto member = [this](std::string_view name) { return choice_member(name); };
    if (!each_member(member)) return false;
    while (take(',')) {
      extraordinary();
      if (!value()) return false;
    }
    return take(']');
  }

  bool choice_member(std::string_view name) {
    if (name == "delta") return delta();
    if (name == "text") return completion_text();
    if (name == "index") return expect("0");
    if (name == "finish_reason") return expect_empty();
    // A message beside the delta is the general path's matter (Perplexity).
    if (name == "logprobs" || name == "usage" || name == "error" || name == "message") {
      return expect_null();
    }
    return value();
  }

  bool delta() {
    if (peek() != '{') return extraordinary() && value();
    has_delta_ = true;
    return each_member([this](std::string_view name) { return delta_member(name); });
  }

  /// A completion has no deltas: its choice is the piece.
  bool completion_text() {
    if (peek() != '"') return value();
    const std::size_t holes = shape_.hole_count;
    if (!piece(ChunkHole::Kind::text)) return false;
    has_text_ = shape_.hole_count > holes;
    return true;
  }

  bool delta_member(std::string_view name) {
    if (name == "content") return piece(ChunkHole::Kind::text);
    if (name == "reasoning_content") return piece(ChunkHole::Kind::reasoning);
    if (name == "reasoning") return copy_of_reasoning();
    if (name == "tool_calls") return tool_calls();
    if (name == "refusal") return expect_empty();
    // Goes back to the server, so that nothing of it may be passed over.
    if (name == "reasoning_details" || name == "extra_content") return expect_none();
    return value();
  }

  /// A further piece of one call: `[{"index": 0, "function": {"arguments": "..."}}]`.
  bool tool_calls() {
    if (peek() != '[') return expect_null();
    take('[');
    if (take(']')) return true;
    shape_.has_tool_calls = true;
    bool has_index = false;
    const auto member = [this, &has_index](std::string_view name) {
      if (name == "index") return call_index(has_index);
      if (name == "id") return expect_empty();
      if (name == "function") return tool_function();
      if (name == "extra_content") return expect_none();
      return value();
    };
    if (peek() == '{' ? !each_member(member) : !value()) return false;
    // Without an index a piece goes to the last call, whichever that is by then.
    if (!has_index) extraordinary();
    while (take(',')) {
      extraordinary();
      if (!value()) return false;
    }
    return take(']');
  }

  bool call_index(bool& has_index) {
    ByteSpan span;
    if (!value(span)) return false;
    has_index = span.of(text_).find_first_not_of("0123456789") == std::string_view::npos;
    return true;
  }

  bool tool_function() {
    if (peek() != '{') return extraordinary() && value();
    return each_member([this](std::string_view name) {
      if (name == "name") return expect_empty();
      if (name == "arguments") return piece(ChunkHole::Kind::arguments);
      return value();
    });
  }

  /// A string that the reply grows by, or null, or "".
  bool piece(ChunkHole::Kind kind) {
    if (peek() != '"') return expect_null();
    ByteSpan body;
    if (!string(body)) return false;
    if (body.begin == body.end) return true;
    ++pieces_;
    return add_hole(kind, body);
  }

  /// Some servers say everything twice, under both names; then `reasoning_content` is the one that
  /// counts.
  bool copy_of_reasoning() {
    reasoning_at_ = shape_.hole_count;
    return piece(ChunkHole::Kind::reasoning);
  }

  bool settle_pieces() {
    std::size_t reasonings = 0;
    for (std::size_t i = 0; i < shape_.hole_count; ++i) {
      reasonings += shape_.holes[i].kind == ChunkHole::Kind::reasoning;
    }
    if (reasonings == 2) {
      shape_.holes[reasoning_at_].kind = ChunkHole::Kind::ignored;
      --pieces_;
    }
    return pieces_ == 1;
  }

  bool ignored() {
    if (peek() != '"') return value();
    ByteSpan body;
    return string(body) && add_hole(ChunkHole::Kind::ignored, body);
  }

  bool add_hole(ChunkHole::Kind kind, ByteSpan body) {
    if (shape_.hole_count == ChunkShape::most_holes) return extraordinary();
    shape_.holes[shape_.hole_count++] = {kind, body};
    return true;
  }

  bool object_name() {
    ByteSpan body;
    if (peek() != '"' || !string(body)) return false;
    const std::string_view name = body.of(text_);
    // An escape might spell the word too.
    if (name == "error" || name.find('\\') != name.npos) extraordinary();
    return true;
  }

  bool expect(std::string_view literal) {
    ByteSpan span;
    if (!value(span)) return false;
    if (span.of(text_) != literal) extraordinary();
    return true;
  }

  bool expect_null() { return expect("null"); }

  bool expect_empty() {
    ByteSpan span;
    if (!value(span)) return false;
    if (span.of(text_) != "null" && span.of(text_) != R"("")") extraordinary();
    return true;
  }

  bool expect_none() {
    ByteSpan span;
    if (!value(span)) return false;
    if (span.of(text_) != "null" && span.of(text_) != "[]") extraordinary();
    return true;
  }

  bool extraordinary() {
    ordinary_ = false;
    return true;
  }

  template <class Member>
  bool each_member(Member member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      ByteSpan name;
      if (peek() != '"' || !string(name) || !take(':')) return false;
      // An escape may hide a name that matters.
      if (name.of(text_).find('\\') != std::string_view::npos) return false;
      if (!member(name.of(text_))) return false;
    } while (take(','));
    return take('}');
  }

  bool value() {
    ByteSpan span;
    return value(span);
  }

  bool value(ByteSpan& span) {
    skip_space();
    span.begin = at();
    const bool stood = any_value();
    span.end = at();
    return stood;
  }

  /// Any value: brackets are counted, not matched, as the text is known to be valid.
  bool any_value() {
    int depth = 0;
    do {
      const char c = peek();
      ByteSpan body;
      if (c == '"') {
        if (!string(body)) return false;
      } else if (c == '{' || c == '[') {
        if (++depth > deepest) return false;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (--depth < 0) return false;
        ++at_;
      } else if (depth > 0 && (c == ',' || c == ':')) {
        ++at_;
      } else if (!word()) {
        return false;
      }
    } while (depth > 0);
    return true;
  }

  /// A number, true, false or null.
  bool word() {
    const std::size_t end = text_.find_first_of(" \t\r\n,:]}", at_);
    const std::size_t begin = at_;
    at_ = end == text_.npos ? text_.size() : end;
    return at_ > begin;
  }

  bool string(ByteSpan& body) {
    ++at_;
    body.begin = at();
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        body.end = at();
        ++at_;
        return true;
      }
    }
    return false;
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  /// The next character that is no white space; 0 at the end.
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  std::uint32_t at() const { return static_cast<std::uint32_t>(at_); }

  bool at_end() { return peek() == '\0' && at_ >= text_.size(); }

  const std::string_view text_;
  std::size_t at_ = 0;
  ChunkShape shape_;
  bool ordinary_ = true;
  bool has_delta_ = false;
  bool has_text_ = false;
  int pieces_ = 0;
  std::size_t reasoning_at_ = 0;
};

}  // namespace

std::optional<ChunkShape> read_chunk_shape(std::string_view chunk) {
  if (chunk.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return ShapeReader(chunk).read();
}

}  // namespace TALLY_ABI
}  // namespace tally
