// SPDX-License-Identifier: MIT

// Server-sent events: each case's pieces go through the parser as they are, as one, and byte by
// byte (in small pieces where that would take minutes).
//
//   run_sse_cases [file.jsonl ...]        or TALLY_SSE_CASES=file:file run_sse_cases
//
// `tests/README.md` describes the format.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "base/utf8.hpp"
#include "report.hpp"
#include "wire/sse_parser.hpp"

namespace runners {
namespace {

using nlohmann::json;

constexpr std::size_t large = std::size_t{1} << 20;
constexpr std::size_t limit = std::size_t{1} << 28;

std::string base64(const std::string& text) {
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string::npos) break;  // The padding.
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

struct Event {
  std::string type;
  std::string data;
};

// By the WHATWG algorithm: what stands after the last blank line is no event.
class Reader {
 public:
  void feed(std::string_view bytes) {
    parser_.feed(bytes);
    for (tally::SseEvent event; parser_.next(event);) {
      // An event without data may be given or dropped.
      if (event.data.empty()) continue;
      events_.push_back({std::string(event.type), tally::replace_invalid_utf8(event.data)});
    }
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  tally::SseParser parser_{limit, limit};
  std::vector<Event> events_;
};

std::vector<Event> events_of(const std::vector<std::string>& pieces) {
  Reader reader;
  for (const auto& piece : pieces) reader.feed(piece);
  return reader.events();
}

std::vector<Event> events_of(const std::string& bytes, std::size_t piece) {
  Reader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    // A copy of its own, so that a sanitizer sees a parser that looks beyond its piece.
    const std::string copy = bytes.substr(at, piece);
    reader.feed(copy);
  }
  return reader.events();
}

std::string shown(const Event& event, bool by_digest) {
  const std::string data = by_digest ? std::to_string(event.data.size()) + " bytes, sha256 " +
                                           tally::sha256_hex(event.data)
                                     : event.data;
  return event.type + " | " + data;
}

std::vector<std::string> expected_events(const json& one_case, bool by_digest) {
  std::vector<std::string> out;
  for (const auto& event : one_case.at(by_digest ? "expected" : "expected_events")) {
    const std::string type = event.value("event", "message");
    if (!by_digest) {
      const std::string data = event.value("data", "");
      if (!data.empty()) out.push_back(shown({type, data}, false));
    } else if (event.at("data_len") != 0) {
      out.push_back(type + " | " + event.at("data_len").dump() + " bytes, sha256 " +
                    event.value("data_sha256", ""));
    }
  }
  return out;
}

std::vector<std::string> chunks_of(const json& one_case) {
  std::vector<std::string> out;
  if (one_case.contains("chunks")) {
    for (const auto& chunk : one_case.at("chunks")) out.push_back(base64(chunk.get<std::string>()));
    return out;
  }
  for (const auto& run : one_case.at("chunks_rle")) {
    const std::string chunk = base64(run.at(0).get<std::string>());
    out.insert(out.end(), run.at(1).get<std::size_t>(), chunk);
  }
  return out;
}

std::vector<std::string> run_case(const json& one_case) {
  const bool by_digest = one_case.contains("expected");
  const auto expected = expected_events(one_case, by_digest);
  const auto chunks = chunks_of(one_case);
  std::string whole;
  for (const auto& chunk : chunks) whole += chunk;

  std::vector<std::string> mismatches;
  const auto compare = [&](const std::string& how, const std::vector<Event>& events) {
    expect_equal(mismatches, how + ": events", std::to_string(expected.size()),
                 std::to_string(events.size()));
    for (std::size_t i = 0; i < std::min(expected.size(), events.size()); ++i) {
      expect_equal(mismatches, how + ": event " + std::to_string(i), expected[i],
                   shown(events[i], by_digest));
    }
  };
  compare("as given", events_of(chunks));
  compare("whole", events_of(whole, std::max<std::size_t>(whole.size(), 1)));
  const std::size_t piece = whole.size() < large ? 1 : 1021;
  compare("in pieces of " + std::to_string(piece), events_of(whole, piece));
  return mismatches;
}

int run(int argc, char** argv) {
  Report report;
  for (const auto& path : paths_to_read(argc, argv, "TALLY_SSE_CASES",
                                        TALLY_SOURCE_DIR "/tests/runners/cases/sse_cases.jsonl")) {
    std::ifstream lines(path);
    if (!lines) report.skip(path, "cannot be read");
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      const std::string place = path + ":" + std::to_string(number);
      const json one_case = json::parse(line, nullptr, false);
      const bool has_chunks =
          one_case.is_object() && (one_case.contains("chunks") || one_case.contains("chunks_rle"));
      if (!has_chunks || !(one_case.contains("expected_events") || one_case.contains("expected"))) {
        report.skip(place, "is not a case");
        continue;
      }
      report.add(one_case.value("name", place), run_case(one_case));
    }
  }
  return report.finish();
}

}  // namespace
}  // namespace runners

int main(int argc, char** argv) { return runners::run(argc, argv); }
