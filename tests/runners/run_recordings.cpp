// SPDX-License-Identifier: MIT

// Plays recorded answers of real servers through a real client and compares reply, error and usage
// with what stands beside each. Every body is read whole, byte by byte, and cut in two at every
// position (at about 150 positions where it is long).
//
//   run_recordings [folder ...]        or TALLY_RECORDINGS=folder:folder run_recordings
//
// A folder holds `<name>.body` and `<name>.case.json`, at any depth.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "replay.hpp"
#include "report.hpp"
#include "tally/tally.hpp"

namespace runners {
namespace {

using nlohmann::json;

constexpr std::size_t every_position_up_to = 3 * 1024;
constexpr std::size_t sampled_positions = 150;

// What the cases do not hold: read from the body in the plainest way there is, line by line and
// chunk by chunk.
struct PlainChoice {
  std::string text;
  std::string finish_reason;
  std::string refusal;
  json logprobs;

  std::string shown() const {
    return text + "|" + finish_reason + "|" + refusal + "|" +
           (logprobs.is_null() ? "" : logprobs.dump());
  }
};
using PlainChoices = std::map<int, PlainChoice>;

void append_text(std::string& text, const json& object, const char* name) {
  if (object.contains(name) && object.at(name).is_string()) {
    text += object.at(name).get<std::string>();
  }
}

void join_logprobs(json& whole, const json& more) {
  if (!more.is_object()) return;
  for (const auto& [name, value] : more.items()) {
    json& known = whole[name];
    if (known.is_array() && value.is_array()) {
      known.insert(known.end(), value.begin(), value.end());
    } else if (!value.is_null()) {
      known = value;
    }
  }
}

void read_plainly(PlainChoices& choices, const json& chunk) {
  if (!chunk.is_object() || !chunk.contains("choices") || !chunk.at("choices").is_array()) return;
  int place = 0;
  for (const json& choice : chunk.at("choices")) {
    const bool has_index = choice.contains("index") && choice.at("index").is_number_integer();
    PlainChoice& known = choices[has_index ? choice.at("index").get<int>() : place];
    ++place;
    const char* const name = choice.contains("delta") ? "delta" : "message";
    const json said = choice.contains(name) ? choice.at(name) : json();
    append_text(known.text, said, "content");
    append_text(known.refusal, said, "refusal");
    if (choice.contains("finish_reason") && choice.at("finish_reason").is_string()) {
      known.finish_reason = choice.at("finish_reason").get<std::string>();
    }
    if (choice.contains("logprobs")) join_logprobs(known.logprobs, choice.at("logprobs"));
  }
}

PlainChoices read_plainly(const std::string& body) {
  PlainChoices choices;
  const json document = json::parse(body, nullptr, false);
  if (!document.is_discarded()) {
    read_plainly(choices, document);
    return choices;
  }
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("data:", 0) == 0) {
      read_plainly(choices, json::parse(line.substr(5), nullptr, false));
    }
  }
  return choices;
}

std::string shown_logprobs(const std::string& logprobs) {
  return logprobs.empty() ? "" : json::parse(logprobs, nullptr, false).dump();
}

std::string more_choices_of(const tally::Reply& reply) {
  std::string out;
  for (const tally::Choice& choice : reply.more_choices) {
    out += std::to_string(choice.index) + " " + choice.message.content + "|" +
           choice.finish_reason_text + "|" + choice.refusal + "|" +
           shown_logprobs(choice.logprobs) + "\n";
  }
  return out;
}

// What a run gave, field by field and in the order of the fields of a case: two runs are the same
// if and only if this is.
using Outcome = std::vector<std::pair<std::string, std::string>>;

std::string count(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "unknown";
}

std::string count(const json& value) { return value.is_null() ? "unknown" : value.dump(); }

std::string tool_calls_of(const tally::Message& message) {
  std::string out;
  for (const auto& call : message.tool_calls) {
    out += call.id + " " + call.name + "(" + call.arguments + ")\n";
  }
  return out;
}

std::string finish_reason_of(const tally::Reply& reply) {
  if (reply.finish_reason == tally::FinishReason::none) return "none";
  if (reply.finish_reason == tally::FinishReason::other) return reply.finish_reason_text;
  return std::string(to_string(reply.finish_reason));
}

// The deltas must add up to the first choice's message; what they add up to is compared as a field
// of its own.
struct Collected {
  std::string text;
  std::string reasoning;
  std::vector<std::string> arguments;

  void take(const tally::Delta& delta) {
    if (delta.choice != 0) return;
    text += delta.text;
    reasoning += delta.reasoning;
    if (!delta.tool_call) return;
    const auto index = static_cast<std::size_t>(delta.tool_call->index);
    if (arguments.size() <= index) arguments.resize(index + 1);
    arguments[index] += delta.tool_call->arguments;
  }
};

std::string added_up(const Collected& collected, const tally::Reply& reply) {
  if (collected.text != reply.text()) return "text of the deltas: " + collected.text;
  if (collected.reasoning != reply.reasoning()) {
    return "reasoning of the deltas: " + collected.reasoning;
  }
  std::size_t with_arguments = 0;
  for (const auto& call : reply.message.tool_calls) {
    const auto& all = collected.arguments;
    if (call.arguments.empty() || std::find(all.begin(), all.end(), call.arguments) != all.end()) {
      ++with_arguments;
    }
  }
  return with_arguments == reply.message.tool_calls.size() ? "yes" : "arguments differ";
}

std::string reported_cost_of(const tally::Usage& usage) {
  return usage.reported_cost ? to_string(usage.reported_cost->money.amount) : "unknown";
}

Outcome outcome_of(const tally::Completion& completion) {
  const tally::Reply& reply =
      completion.reply ? *completion.reply : completion.reply.error().partial;
  const tally::Usage& usage = completion.receipt.usage;
  const bool reported = usage.source == tally::UsageSource::provider;
  Outcome out = {
      {"error", completion.reply ? "none" : completion.reply.error().message},
      {"kind", completion.reply ? "none" : std::string(to_string(completion.reply.error().kind))},
      {"id", reply.id},
      {"model", reply.model},
      {"text", reply.text()},
      {"reasoning", std::string(reply.reasoning())},
      {"tool_calls", tool_calls_of(reply.message)},
      {"finish_reason", finish_reason_of(reply)},
      {"refusal", reply.refusal},
      {"logprobs", shown_logprobs(reply.logprobs)},
      {"more_choices", more_choices_of(reply)},
      {"usage", reported ? "reported" : "none"},
      {"state", std::string(to_string(completion.receipt.state))},
  };
  if (!reported) return out;
  out.insert(out.end(), {{"usage.input", count(usage.prompt_tokens)},
                         {"usage.cached", count(usage.prompt_cache_hit_tokens)},
                         {"usage.cache_write", count(usage.cache_write_tokens)},
                         {"usage.output", count(usage.billed.output)},
                         {"usage.reasoning", count(usage.reasoning_tokens)},
                         {"usage.reported_cost", reported_cost_of(usage)},
                         {"usage.raw", usage.raw}});
  return out;
}

std::string text_or_empty(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string expected_cost(const json& expect) {
  json cost = expect.at("usage").at("reported_cost");
  const json& ticks = expect.at("usage").at("reported_cost_ticks");
  // Perplexity's figure is inside an object, which the cases keep in the usage verbatim.
  const json& reported = expect.at("reported_usage");
  if (cost.is_null() && reported.contains("cost") && reported.at("cost").is_object()) {
    cost = reported.at("cost").value("total_cost", json());
  }
  if (!ticks.is_null()) {  // xAI's unit: 10^-10 dollars.
    return to_string(*tally::Decimal::parse(ticks.dump() + "e-10"));
  }
  if (cost.is_null()) return "unknown";
  // The case file was read as floating point; the shortest digits that give the same number are the
  // server's own.
  const auto amount = tally::Decimal::parse_rounded(cost.dump());
  return amount ? to_string(*amount) : "unreadable: " + cost.dump();
}

class ExpectedCase {
 public:
  ExpectedCase(const json& expect, const std::string& body)
      : expect_(expect), choices_(read_plainly(body)) {}

  std::vector<std::string> compare(const Outcome& outcome) const {
    std::vector<std::string> mismatches;
    for (const auto& [field, found] : outcome) {
      if (field == "error") {
        compare_error(mismatches, found);
      } else if (field == "usage.raw") {
        compare_raw(mismatches, found);
      } else if (const auto expected = expected_of(field)) {
        expect_equal(mismatches, field, *expected, found);
      }
    }
    return mismatches;
  }

 private:
  std::optional<std::string> expected_of(const std::string& field) const {
    if (field == "usage") return expect_.at("usage").is_null() ? "none" : "reported";
    if (field.rfind("usage.", 0) == 0) {
      const json& usage = expect_.at("usage");
      if (usage.is_null()) return std::nullopt;  // Already told by "usage".
      if (field == "usage.reported_cost") return expected_cost(expect_);
      return count(usage.at(field.substr(6)));
    }
    if (field == "tool_calls") return expected_tools();
    if (field == "more_choices") return expected_choices();
    if (field == "refusal" || field == "logprobs") {
      const auto first = choices_.find(0);
      if (first == choices_.end()) return "";
      const json& logprobs = first->second.logprobs;
      if (field == "refusal") return first->second.refusal;
      return logprobs.is_null() ? "" : logprobs.dump();
    }
    if (field == "finish_reason") {
      return expect_.at(field).is_null() ? "none" : text_or_empty(expect_.at(field));
    }
    if (field == "kind" || field == "state") return std::nullopt;  // The cases say nothing of them.
    return text_or_empty(expect_.at(field));
  }

  std::string expected_tools() const {
    std::string out;
    for (const auto& call : expect_.at("tool_calls")) {
      out += text_or_empty(call.at("id")) + " " + text_or_empty(call.at("name")) + "(" +
             text_or_empty(call.at("arguments")) + ")\n";
    }
    return out;
  }

  std::string expected_choices() const {
    std::string out;
    for (const auto& [index, choice] : choices_) {
      if (index != 0) out += std::to_string(index) + " " + choice.shown() + "\n";
    }
    return out;
  }

  void compare_error(std::vector<std::string>& mismatches, const std::string& found) const {
    const json& error = expect_.at("error");
    const bool complete = expect_.value("complete", true);
    if (error.is_null() && complete) return expect_equal(mismatches, "error", "none", found);
    if (found == "none") {
      mismatches.push_back("error: expected one, found none");
    } else if (!error.is_null() && found.find(text_or_empty(error.at("message"))) == found.npos) {
      mismatches.push_back("error: expected \"" + text_or_empty(error.at("message")) +
                           "\" in it, found \"" + found + "\"");
    }
  }

  void compare_raw(std::vector<std::string>& mismatches, const std::string& found) const {
    const json raw = json::parse(found, nullptr, false);
    if (raw != expect_.at("reported_usage")) {
      mismatches.push_back("usage.raw: expected " + expect_.at("reported_usage").dump() +
                           ", found " + found);
    }
  }

  const json& expect_;
  const PlainChoices choices_;
};

std::vector<std::size_t> cut_positions(std::size_t size) {
  std::vector<std::size_t> positions;
  const std::size_t step = size <= every_position_up_to ? 1 : size / sampled_positions;
  // An odd step in a long body, so that the cuts do not all fall into the same place of equal
  // chunks.
  for (std::size_t at = 1; at < size; at += step | 1) positions.push_back(at);
  return positions;
}

class RecordingRunner {
 public:
  RecordingRunner(const json& one_case, const std::string& body)
      : case_(one_case), body_(body), recording_(std::make_shared<Recording>()) {
    recording_->status = case_.value("status", 200);
    recording_->body = body;
    stream_ = case_.value("stream", false);
    recording_->headers = {{"Content-Type", stream_ ? "text/event-stream" : "application/json"}};
    clock_->set(*tally::parse_instant("2026-11-18T12:00:00Z"));
    request_.model = text_or_empty(case_.value("requested_model", json()));
    if (request_.model.empty()) request_.model = "unknown";
    request_.messages = {tally::user("hello")};
  }

  std::vector<std::string> run() {
    tally::ClientOptions options;
    options.api_key = "sk-recorded";
    options.provider = case_.at("provider").get<std::string>();
    options.transport = replay_transport(recording_);
    options.retries.most = 0;  // A recording is one answer.
    options.clock = clock_;
    const auto client = tally::Client::open(options);
    if (!client) return {"no client: " + client.error().message};

    const Outcome whole = play(*client);
    auto mismatches = ExpectedCase(case_.at("expect"), body_).compare(whole);
    recording_->piece = 1;
    compare(mismatches, whole, play(*client), "byte by byte");
    recording_->piece = std::string_view::npos;
    for (const auto at : cut_positions(recording_->body.size())) {
      recording_->first_piece = at;
      compare(mismatches, whole, play(*client), "cut at " + std::to_string(at));
      if (mismatches.size() > 5) break;
    }
    return mismatches;
  }

 private:
  Outcome play(const tally::Client& client) const {
    if (!stream_) return outcome_of(client.chat(request_));
    Collected collected;
    const auto completion = client.chat(request_, [&](const tally::Delta& delta) {
      collected.take(delta);
      return tally::Flow::keep;
    });
    Outcome outcome = outcome_of(completion);
    const std::string sum = added_up(
        collected, completion.reply ? *completion.reply : completion.reply.error().partial);
    if (sum != "yes") outcome.emplace_back("deltas", sum);
    return outcome;
  }

  static void compare(std::vector<std::string>& mismatches, const Outcome& whole,
                      const Outcome& pieces, const std::string& how) {
    if (pieces == whole) return;
    for (std::size_t i = 0; i < whole.size() && i < pieces.size(); ++i) {
      expect_equal(mismatches, how + ": " + whole[i].first, whole[i].second, pieces[i].second);
    }
    if (whole.size() != pieces.size()) mismatches.push_back(how + ": " + pieces.back().second);
  }

  const json& case_;
  const std::string& body_;
  bool stream_ = false;
  std::shared_ptr<Recording> recording_;
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  tally::ChatRequest request_;
};

constexpr const char* case_ending = ".case.json";

std::vector<std::string> case_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string path = it->path().string();
    const std::string ending = case_ending;
    if (path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void run_file(Report& report, const std::string& path) {
  std::string text;
  std::string body;
  const std::string stem = path.substr(0, path.size() - std::string(case_ending).size());
  if (!read_file(path, text)) return report.skip(path, "cannot be read");
  if (!read_file(stem + ".body", body)) return report.skip(path, "has no body beside it");
  const json one_case = json::parse(text, nullptr, false);
  if (!one_case.is_object() || !one_case.contains("expect") || !one_case.contains("provider")) {
    return report.skip(path, "is not a case");
  }
  report.add(one_case.value("name", path), RecordingRunner(one_case, body).run());
}

int run(int argc, char** argv) {
  Report report;
  for (const auto& folder : paths_to_read(argc, argv, "TALLY_RECORDINGS",
                                          TALLY_SOURCE_DIR "/tests/runners/cases/recordings")) {
    const auto files = case_files(folder);
    if (files.empty()) report.skip(folder, "holds no *.case.json");
    for (const auto& path : files) run_file(report, path);
  }
  return report.finish();
}

}  // namespace
}  // namespace runners

int main(int argc, char** argv) { return runners::run(argc, argv); }
