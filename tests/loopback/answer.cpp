// SPDX-License-Identifier: MIT
#include "answer.hpp"

#include <cstdio>
#include <utility>

namespace loopback {
namespace {

// Passes bytes from 0x80 on as they are, also where they are no UTF-8: that is one of the faults.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return "{\"choices\":" + std::string(count, '[') + std::string(count, ']') + "}";
}

std::string answer_id(std::uint64_t number) {
  char id[40];
  std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(number));
  return id;
}

std::string usage_object(const Script& script) {
  if (!script.usage_json.empty()) return script.usage_json;
  const auto n = [](std::int64_t value) { return std::to_string(value); };
  std::string out = "{\"prompt_tokens\":" + n(script.prompt_tokens) +
                    ",\"completion_tokens\":" + n(script.completion_tokens) +
                    ",\"total_tokens\":" + n(script.prompt_tokens + script.completion_tokens) +
                    ",\"prompt_tokens_details\":{\"cached_tokens\":" + n(script.cache_hit_tokens) +
                    "}";
  if (script.reasoning_tokens > 0) {
    out +=
        ",\"completion_tokens_details\":{\"reasoning_tokens\":" + n(script.reasoning_tokens) + "}";
  }
  return out + ",\"prompt_cache_hit_tokens\":" + n(script.cache_hit_tokens) +
         ",\"prompt_cache_miss_tokens\":" + n(script.prompt_tokens - script.cache_hit_tokens) + "}";
}

std::string finish_reason(const Script& script) {
  if (!script.finish_reason.empty()) return script.finish_reason;
  return script.tools.empty() ? "stop" : "tool_calls";
}

std::string model_of(const Script& script, const Asked& asked) {
  return script.model.empty() ? asked.model : script.model;
}

// Opens the object that both chunks and documents are, up to its choices.
std::string object_head(const Script& script, const Asked& asked, const char* object) {
  return "{\"id\":\"" + answer_id(asked.number) + "\",\"object\":\"" + object +
         "\",\"created\":1763700000,\"model\":" + quoted(model_of(script, asked)) +
         ",\"system_fingerprint\":\"fp_loopback\"";
}

// ---- deltas, as the members of a `delta` object
// -----------------------------------------------------

std::vector<std::string> delta_objects(const Script& script) {
  std::vector<std::string> out;
  for (const auto& token : script.reasoning) {
    out.push_back("{\"content\":null,\"reasoning_content\":" + quoted(token) + "}");
  }
  for (const auto& token : script.tokens) {
    out.push_back(script.reasoning.empty()
                      ? "{\"content\":" + quoted(token) + "}"
                      : "{\"content\":" + quoted(token) + ",\"reasoning_content\":null}");
  }
  for (std::size_t i = 0; i < script.tools.size(); ++i) {
    const auto& tool = script.tools[i];
    const std::string index = std::to_string(i);
    out.push_back("{\"tool_calls\":[{\"index\":" + index + ",\"id\":" + quoted(tool.id) +
                  ",\"type\":\"function\",\"function\":{\"name\":" + quoted(tool.name) +
                  ",\"arguments\":\"\"}}]}");
    for (const auto& piece : tool.arguments) {
      out.push_back("{\"tool_calls\":[{\"index\":" + index +
                    ",\"function\":{\"arguments\":" + quoted(piece) + "}}]}");
    }
  }
  return out;
}

// ---- a stream
// ---------------------------------------------------------------------------------------

class StreamComposer {
 public:
  StreamComposer(const Script& script, const Asked& asked) : script_(script), asked_(asked) {}

  Answer compose() {
    answer_.content_type = "text/event-stream; charset=utf-8";
    answer_.chunked = true;
    for (int i = 0; i < script_.keepalives; ++i) {
      answer_.pieces.push_back({": keep-alive\n\n", script_.keepalive_delay, 1, false});
    }
    if (script_.huge_mb > 0 || script_.deep > 0) return monster();
    chunk(script_.reasoning.empty()
              ? "{\"role\":\"assistant\",\"content\":\"\"}"
              : "{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"\"}");
    int sent = 0;
    if (fault_after(sent)) return std::move(answer_);
    for (const auto& delta : delta_objects(script_)) {
      chunk(delta, script_.delay);
      if (fault_after(++sent)) return std::move(answer_);
    }
    finish();
    return std::move(answer_);
  }

 private:
  void event(const std::string& data, std::chrono::milliseconds delay = {}, bool settles = false) {
    answer_.pieces.push_back({"data: " + data + "\n\n", delay, 1, settles});
  }

  std::string chunk_text(const std::string& choices, const std::string& usage) const {
    return object_head(script_, asked_, "chat.completion.chunk") + ",\"choices\":" + choices +
           (usage.empty() ? "" : ",\"usage\":" + usage) + "}";
  }

  void chunk(const std::string& delta, std::chrono::milliseconds delay = {}) {
    event(chunk_text(
              "[{\"index\":0,\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":null}]",
              script_.usage_null_key ? "null" : ""),
          delay);
  }

  // Adds what the script wants after `sent` deltas; true: that was the end of the answer.
  bool fault_after(int sent) {
    if (script_.garbage_after == sent) event("{\"id\": nonsense");
    if (script_.bad_utf8_after == sent) chunk("{\"content\":" + quoted("a\xFF\xE2\x82z") + "}");
    if (script_.error_after == sent) {
      event(
          "{\"error\":{\"message\":\"The engine stopped\",\"type\":\"server_error\","
          "\"param\":null,\"code\":\"engine_stopped\"}}");
      return true;
    }
    if (script_.cut_after == sent) answer_.ending = Ending::cut;
    if (script_.stall_after == sent) {
      answer_.ending = script_.stall_with_comments ? Ending::stall_with_comments : Ending::stall;
    }
    return answer_.ending != Ending::proper;
  }

  void finish() {
    using Place = Script::UsagePlace;
    const bool on_finish = script_.usage == Place::finish_chunk || script_.usage == Place::both;
    const bool on_extra = script_.usage == Place::extra_chunk || script_.usage == Place::both;
    const std::string no_usage = script_.usage_null_key ? "null" : "";
    const std::string usage = usage_object(script_);
    const bool counted = script_.usage_json.empty();
    event(chunk_text("[{\"index\":0,\"delta\":{\"content\":\"\"},\"logprobs\":null,"
                     "\"finish_reason\":" +
                         quoted(finish_reason(script_)) + "}]",
                     on_finish ? usage : no_usage),
          {}, counted && on_finish && !on_extra);
    if (on_extra) event(chunk_text("[]", usage), {}, counted);
    if (script_.done) event("[DONE]");
  }

  Answer monster() {
    answer_.pieces.push_back({"data: ", {}, 1, false});
    if (script_.deep > 0) {
      answer_.pieces.push_back({nested(script_.deep), {}, 1, false});
    } else {
      answer_.pieces.push_back(
          {std::string(1 << 16, 'x'), {}, static_cast<std::size_t>(script_.huge_mb) * 16, false});
    }
    answer_.pieces.push_back({"\n\ndata: [DONE]\n\n", {}, 1, false});
    return std::move(answer_);
  }

  const Script& script_;
  const Asked& asked_;
  Answer answer_;
};

// ---- a document
// -------------------------------------------------------------------------------------

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const auto& piece : pieces) out += piece;
  return out;
}

std::string message_object(const Script& script) {
  std::string tools;
  for (std::size_t i = 0; i < script.tools.size(); ++i) {
    const auto& tool = script.tools[i];
    tools += (i == 0 ? "{\"index\":" : ",{\"index\":") + std::to_string(i) +
             ",\"id\":" + quoted(tool.id) +
             ",\"type\":\"function\",\"function\":{\"name\":" + quoted(tool.name) +
             ",\"arguments\":" + quoted(joined(tool.arguments)) + "}}";
  }
  std::string text = joined(script.tokens);
  if (script.bad_utf8_after) text += "a\xFF\xE2\x82z";
  return "{\"role\":\"assistant\",\"content\":" + quoted(text) +
         (script.reasoning.empty() ? ""
                                   : ",\"reasoning_content\":" + quoted(joined(script.reasoning))) +
         (tools.empty() ? "" : ",\"tool_calls\":[" + tools + "]") + "}";
}

Answer compose_document(const Script& script, const Asked& asked) {
  Answer answer;
  answer.content_type = "application/json";
  answer.chunked = script.keepalives > 0 || script.huge_mb > 0 || script.deep > 0;
  for (int i = 0; i < script.keepalives; ++i) {
    answer.pieces.push_back({"\n", script.keepalive_delay, 1, false});
  }
  if (script.deep > 0) {
    answer.pieces.push_back({nested(script.deep), {}, 1, false});
    return answer;
  }
  if (script.huge_mb > 0) {
    answer.pieces.push_back({"{\"id\":\"", {}, 1, false});
    answer.pieces.push_back(
        {std::string(1 << 16, 'x'), {}, static_cast<std::size_t>(script.huge_mb) * 16, false});
    answer.pieces.push_back({"\"}", {}, 1, false});
    return answer;
  }
  const bool with_usage = script.usage != Script::UsagePlace::nowhere;
  std::string body = object_head(script, asked, "chat.completion") +
                     ",\"choices\":[{\"index\":0,\"message\":" + message_object(script) +
                     ",\"logprobs\":null,\"finish_reason\":" + quoted(finish_reason(script)) +
                     "}]" + (with_usage ? ",\"usage\":" + usage_object(script) : "") + "}";
  answer.pieces.push_back(
      {std::move(body), script.delay, 1, with_usage && script.usage_json.empty()});
  if (script.cut_after) {
    auto& piece = answer.pieces.back();
    piece.bytes.resize(piece.bytes.size() / 2);
    piece.settles = false;
    answer.ending = Ending::cut;
    answer.chunked = true;
  }
  if (script.stall_after) answer.ending = Ending::stall;
  return answer;
}

// ---- changes to a whole body
// ------------------------------------------------------------------------

void cut_at(Answer& answer, std::size_t bytes) {
  answer.chunked = true;
  answer.ending = Ending::cut;
  std::size_t left = bytes;
  for (std::size_t i = 0; i < answer.pieces.size(); ++i) {
    auto& piece = answer.pieces[i];
    if (left >= piece.bytes.size()) {
      left -= piece.bytes.size();
      continue;
    }
    piece.bytes.resize(left);
    piece.settles = false;
    answer.pieces.resize(i + 1);
    return;
  }
}

void split_into_bytes(Answer& answer) {
  std::vector<Piece> bytes;
  for (const auto& piece : answer.pieces) {
    for (std::size_t i = 0; i < piece.bytes.size(); ++i) {
      bytes.push_back({std::string(1, piece.bytes[i]), i == 0 ? piece.delay : piece.delay * 0, 1,
                       piece.settles && i == 0});
    }
  }
  answer.pieces = std::move(bytes);
  answer.chunked = true;
}

void join_pieces(Answer& answer, std::size_t count) {
  std::vector<Piece> joint;
  for (std::size_t i = 0; i < answer.pieces.size(); ++i) {
    if (i % count == 0) {
      joint.push_back(std::move(answer.pieces[i]));
      continue;
    }
    joint.back().bytes += answer.pieces[i].bytes;
    joint.back().delay += answer.pieces[i].delay;
    joint.back().settles |= answer.pieces[i].settles;
  }
  answer.pieces = std::move(joint);
}

const char* error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "insufficient_balance";
    case 429:
      return "rate_limit_error";
    case 500:
    case 503:
      return "server_error";
    default:
      return "invalid_request_error";
  }
}

const char* error_message(int status) {
  switch (status) {
    case 401:
      return "Authentication Fails, Your api key: ****rong is invalid";
    case 402:
      return "Insufficient Balance";
    case 429:
      return "Too many requests at once";
    case 500:
      return "Internal server error";
    case 503:
      return "The server is overloaded, try again later";
    default:
      return "The request is not valid";
  }
}

}  // namespace

std::string error_body(int status) {
  return std::string("{\"error\":{\"message\":") + quoted(error_message(status)) + ",\"type\":\"" +
         error_type(status) + "\",\"param\":null,\"code\":\"" +
         (status == 401 ? "invalid_request_error" : error_type(status)) + "\"}}";
}

Answer compose(const Script& script, const Asked& asked) {
  Answer answer;
  if (script.body) {
    answer.content_type = "application/json";
    answer.pieces.push_back({*script.body, script.delay, 1, false});
  } else if (script.status != 200) {
    answer.content_type = "application/json";
    answer.pieces.push_back({error_body(script.status), script.delay, 1, false});
  } else {
    const bool stream = script.shape == Script::Shape::as_asked
                            ? asked.stream
                            : script.shape == Script::Shape::stream;
    answer = stream ? StreamComposer(script, asked).compose() : compose_document(script, asked);
  }
  answer.status = script.status;
  answer.headers = script.headers;
  if (!script.content_type.empty()) answer.content_type = script.content_type;
  if (script.cut_bytes) cut_at(answer, *script.cut_bytes);
  if (script.byte_by_byte) split_into_bytes(answer);
  if (script.chunks_per_write > 1) {
    join_pieces(answer, static_cast<std::size_t>(script.chunks_per_write));
  }
  return answer;
}

}  // namespace loopback
