// SPDX-License-Identifier: MIT

// Bills, to the last digit: each case's usage is put into a scripted stream that a real client
// reads, and the receipt is compared with what stands in the case.
//
//   run_cost_cases [file.jsonl ...]        or TALLY_COST_CASES=file:file run_cost_cases
//
// `tests/README.md` describes the format.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/json.hpp"
#include "replay.hpp"
#include "report.hpp"
#include "tally/tally.hpp"

namespace runners {
namespace {

using nlohmann::json;

// The member's JSON as it stands in the line: a cost's digits would not survive a trip through a
// double.
std::string verbatim(const std::string& line, const tally::JsonValue& value) {
  return line.substr(value.begin, value.end - value.begin);
}

std::string quoted(const std::string& text) { return json(text).dump(); }

std::string chunk(const std::string& model, const std::string& delta, const char* finish_reason,
                  const std::string& usage) {
  return "data: {\"id\":\"case\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":" +
         quoted(model) + ",\"choices\":[{\"index\":0,\"delta\":" + delta +
         ",\"finish_reason\":" + finish_reason + "}],\"usage\":" + usage + "}\n\n";
}

// The usages in their order, one on each chunk; the last chunk finishes the answer.
std::string scripted_stream(const std::string& model, const std::vector<std::string>& usages) {
  std::string body;
  for (std::size_t i = 0; i < usages.size(); ++i) {
    const bool last = i + 1 == usages.size();
    body += last ? chunk(model, "{}", "\"stop\"", usages[i])
                 : chunk(model, "{\"content\":\"word \"}", "null", usages[i]);
  }
  return body + "data: [DONE]\n\n";
}

std::string exact(const std::string& decimal) {
  const auto value = tally::Decimal::parse_rounded(decimal);
  return value ? to_string(*value) : "unreadable: " + decimal;
}

// A decimal in a case is a string; a number is taken by its shortest digits.
std::string exact(const json& value) {
  if (value.is_null()) return "none";
  return exact(value.is_string() ? value.get<std::string>() : value.dump());
}

using Line = std::tuple<std::string, std::int64_t, std::string>;

std::string shown(std::vector<Line> lines) {
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& [bucket, quantity, amount] : lines) {
    out += "[" + bucket + " " + std::to_string(quantity) + " " + amount + "]";
  }
  return out.empty() ? "none" : out;
}

std::string lines_of(const tally::Cost& cost) {
  std::vector<Line> lines;
  for (const auto& line : cost.lines) {
    lines.emplace_back(std::string(to_string(line.bucket)), line.quantity, to_string(line.amount));
  }
  return shown(std::move(lines));
}

std::string lines_of(const json& expected) {
  std::vector<Line> lines;
  for (const auto& line : expected) {
    lines.emplace_back(line.at(0).get<std::string>(), line.at(1).get<std::int64_t>(),
                       exact(line.at(2)));
  }
  return shown(std::move(lines));
}

std::vector<std::string> compare(const json& expect, const tally::Completion& completion) {
  std::vector<std::string> mismatches;
  if (!completion.reply) {
    mismatches.push_back("reply: expected one, found: " + completion.reply.error().message);
  }
  const tally::Receipt& receipt = completion.receipt;
  const tally::Cost& cost = receipt.cost;
  if (expect.contains("state")) {
    expect_equal(mismatches, "state", expect.at("state").get<std::string>(),
                 std::string(to_string(receipt.state)));
  }
  if (expect.contains("total")) {
    expect_equal(mismatches, "total", exact(expect.at("total")),
                 cost.total ? to_string(cost.total->amount) : "none");
  }
  if (cost.total && expect.contains("currency")) {
    expect_equal(mismatches, "currency", expect.at("currency").get<std::string>(),
                 std::string(cost.total->currency.view()));
  }
  if (expect.contains("lines")) {
    expect_equal(mismatches, "lines", lines_of(expect.at("lines")), lines_of(cost));
  }
  if (expect.contains("provider_cost")) {
    expect_equal(mismatches, "provider_cost", exact(expect.at("provider_cost")),
                 cost.reported ? to_string(cost.reported->money.amount) : "none");
  }
  if (!mismatches.empty() && !cost.unpriced_message.empty()) {
    mismatches.push_back("(" + cost.unpriced_message + ")");
  }
  return mismatches;
}

class CostCase {
 public:
  CostCase(const std::string& line, const json& one_case, const tally::JsonValue& spans)
      : line_(line), case_(one_case), spans_(spans) {}

  std::vector<std::string> run() const {
    tally::ClientOptions options;
    options.api_key = "sk-case";
    options.provider = case_.value("provider", "deepseek");
    const auto currency = tally::Currency::parse(case_.value("currency", "USD"));
    if (!currency) return {"currency: " + currency.error().message};
    options.currency = *currency;
    if (const auto* prices = member("prices")) {
      auto overlaid = tally::PriceCatalog::builtin().overlaid(verbatim(line_, *prices), "case");
      if (!overlaid) return {"prices: " + overlaid.error().message};
      options.prices = *overlaid;
    }

    const auto completed = tally::parse_instant(case_.value("completed_at", ""));
    const auto started =
        tally::parse_instant(case_.value("started_at", case_.value("completed_at", "")));
    if (!completed || !started) return {"completed_at, started_at: not instants"};
    auto clock = std::make_shared<FakeClock>();
    clock->set(*started);
    options.clock = clock;

    const std::string model = case_.at("model").get<std::string>();
    const json reported = case_.value("reported_model", json());
    const std::string body =
        scripted_stream(reported.is_string() ? reported.get<std::string>() : model, usages());
    auto recording = std::make_shared<Recording>();
    recording->headers = {{"Content-Type", "text/event-stream"}};
    recording->body = body;
    recording->clock = clock;
    recording->answered = *completed;
    options.transport = replay_transport(recording);
    options.retries.most = 0;  // A case is one answer.

    const auto client = tally::Client::open(options);
    if (!client) return {"no client: " + client.error().message};
    tally::ChatRequest request;
    request.model = model;
    request.messages = {tally::user("hello")};
    const auto keep = [](const tally::Delta&) { return tally::Flow::keep; };
    return compare(case_.at("expect"), client->chat(request, keep));
  }

 private:
  const tally::JsonValue* member(const char* name) const {
    const auto* value = spans_.find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  std::vector<std::string> usages() const {
    std::vector<std::string> out;
    if (const auto* several = member("usages")) {
      for (const auto& usage : several->children()) out.push_back(verbatim(line_, usage));
    } else if (const auto* one = member("usage")) {
      out.push_back(verbatim(line_, *one));
    }
    if (out.empty()) out.emplace_back("null");
    return out;
  }

  const std::string& line_;
  const json& case_;
  const tally::JsonValue& spans_;
};

void run_line(Report& report, const std::string& line, const std::string& place) {
  const json one_case = json::parse(line, nullptr, false);
  const auto spans = tally::parse_json(line);
  if (!one_case.is_object() || !one_case.contains("model") || !one_case.contains("expect") ||
      !spans) {
    return report.skip(place, "is not a case");
  }
  report.add(one_case.value("name", place), CostCase(line, one_case, spans->root()).run());
}

int run(int argc, char** argv) {
  Report report;
  for (const auto& path : paths_to_read(argc, argv, "TALLY_COST_CASES",
                                        TALLY_SOURCE_DIR "/tests/runners/cases/cost_cases.jsonl")) {
    std::string text;
    if (!read_file(path, text)) {
      report.skip(path, "cannot be read");
      continue;
    }
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      run_line(report, line, path + ":" + std::to_string(number));
    }
  }
  return report.finish();
}

}  // namespace
}  // namespace runners

int main(int argc, char** argv) { return runners::run(argc, argv); }
