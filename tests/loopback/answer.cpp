// SPDX-License-Identifier: MIT
#include "answer.hpp"

#include <utility>

#include "answer_parts.hpp"

namespace loopback {
namespace {

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
    answer = stream ? compose_stream(script, asked) : compose_document(script, asked);
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
