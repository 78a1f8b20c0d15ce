// SPDX-License-Identifier: MIT

// Runs the examples as a user does and compares what they print, the amounts against figures worked
// out by hand. Days on which something was checked, and the version of the catalogue, may be any.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "loopback_provider.hpp"
#include "shell.hpp"

namespace {

using shell::Output;

Output run(const std::string& environment, const char* program) {
  return shell::run(environment + " '" + program + "'");
}

Output run_against(const loopback::LoopbackProvider& provider, const char* program) {
  return run(shell::asking(provider), program);
}

// DeepSeek's rule of 2026, read here once more: peak is 01:00-04:00 and 06:00-10:00 UTC, Monday to
// Friday in Beijing. (Public holidays are off-peak as well: from 2027 on they are not in the
// catalogue either.)
bool is_peak(std::chrono::system_clock::time_point instant) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(instant.time_since_epoch()).count();
  const auto hour = seconds / 3600 % 24;
  const auto beijing_day = (seconds + 8 * 3600) / 86400;
  const auto weekday = (beijing_day + 4) % 7;  // 1970-01-01 was a Thursday; 0 is Sunday.
  const bool in_window = (hour >= 1 && hour < 4) || (hour >= 6 && hour < 10);
  return in_window && weekday != 0 && weekday != 6;
}

// Amounts of the scripted answer, 18 tokens in (none cached) and 9 out, by the card of 2026-09-10.
struct Expected {
  std::string band;
  std::string total;
  std::string input_line;
  std::string output_line;

  std::string receipt() const {
    return "18 in (0 cached) + 9 out = " + total + "  deepseek-flash " + band + ", settled\n";
  }
};

Expected expected_at(std::chrono::system_clock::time_point instant) {
  if (is_peak(
          instant)) {  // 18 * 0.30 + 9 * 1.20 = 5.4 + 10.8 = 16.2 dollars for a million such calls.
    return {"peak", "$0.0000162", "  input_cache_miss: 18 x $0.0000003 = $0.0000054\n",
            "  output: 9 x $0.0000012 = $0.0000108\n"};
  }
  // 18 * 0.15 + 9 * 0.60 = 2.7 + 5.4 = 8.1 dollars for a million such calls.
  return {"off-peak", "$0.0000081", "  input_cache_miss: 18 x $0.00000015 = $0.0000027\n",
          "  output: 9 x $0.0000006 = $0.0000054\n"};
}

std::string masked(std::string text) {
  text = std::regex_replace(text, std::regex("checked \\d{4}-\\d{2}-\\d{2}"), "checked DAY");
  text = std::regex_replace(text, std::regex("catalogue [0-9.-]+"), "catalogue VERSION");
  // A price that nobody has checked for a while says so, as does a calendar that has ended.
  return std::regex_replace(text, std::regex("  note: [^\n]*\n"), "");
}

std::string explained(const Expected& expected) {
  return expected.receipt() + "attempt 1: settled, counts from provider\n" + expected.input_line +
         expected.output_line + "  price: ds-v41f-b (deepseek-v4.1-flash, " + expected.band +
         "), checked DAY, DeepSeek docs, pricing page, catalogue VERSION\n";
}

// Runs `program`; `expected` makes the text that it should print. A band may end while it runs.
template <class MakeText>
void check_printed(const loopback::LoopbackProvider& provider, const char* program,
                   const MakeText& expected) {
  CAPTURE(program);
  const auto before = std::chrono::system_clock::now();
  const Output output = run_against(provider, program);
  const auto after = std::chrono::system_clock::now();
  CHECK(output.exit_code == 0);
  const std::string found = masked(output.text);
  if (found == expected(expected_at(after))) return;
  CHECK(found == expected(expected_at(before)));
}

constexpr const char* whole_text = "The Danube, the Nile and the Amazon.\n";

}  // namespace

TEST_CASE("examples: 01, in C++20 and in C++17, prints the answer and its receipt") {
  loopback::LoopbackProvider provider;
  const auto expected = [](const Expected& e) { return whole_text + e.receipt(); };
  check_printed(provider, EXAMPLE_01_ASK, expected);
  check_printed(provider, EXAMPLE_01_ASK_CPP17, expected);
}

TEST_CASE("examples: 02 prints the stream and its receipt") {
  loopback::LoopbackProvider provider;
  check_printed(provider, EXAMPLE_02_STREAM_CALLBACK,
                [](const Expected& e) { return whole_text + e.receipt(); });
}

TEST_CASE("examples: 02 against a server that breaks off prints what came and an estimate") {
  loopback::Script cut;
  cut.cut_after = 5;
  loopback::LoopbackProvider provider(cut);
  const Output output = run_against(provider, EXAMPLE_02_STREAM_CALLBACK);
  CHECK(output.exit_code == 1);
  CHECK(output.text.find("The Danube, the Nile\n~") == 0);
  CHECK(output.text.find(" = ~$") != std::string::npos);
  CHECK(output.text.find(", estimated\n") != std::string::npos);
  CHECK(output.text.find("20 bytes of the answer had arrived\n") != std::string::npos);
}

TEST_CASE("examples: 03 prints the stream and explains its bill") {
  loopback::LoopbackProvider provider;
  check_printed(provider, EXAMPLE_03_STREAM_LOOP,
                [](const Expected& e) { return whole_text + explained(e); });
}

TEST_CASE("examples: 04 prints the prices of five instants and of a contract") {
  const Output output = run("", EXAMPLE_04_PRICES);
  CHECK(output.exit_code == 0);
  const std::string expected =
      // 80,000 * 0.028 + 20,000 * 0.28 + 2,000 * 0.42, for a million: 2,240 + 5,600 + 840.
      "deepseek-chat at 2026-04-05T12:00:00Z: $0.00868 (ds-v32, default)\n"
      // 80,000 * 0.006 + 20,000 * 0.30 + 2,000 * 1.20: 480 + 6,000 + 2,400.
      "deepseek-flash at 2026-11-18T02:00:00Z: $0.00888 (ds-v41f-b, peak)\n"
      "deepseek-flash at 2026-11-18T05:00:00Z: $0.00444 (ds-v41f-b, offpeak)\n"
      "deepseek-flash at 2026-10-01T02:00:00Z: $0.00444 (ds-v41f-b, offpeak)\n"
      "deepseek-flash at 2026-09-10T02:00:00Z: unpriced, alias_out_of_date\n"
      // 80,000 * 0.002 + 20,000 * 0.10 + 2,000 * 0.40: 160 + 2,000 + 800.
      "deepseek-flash at 2026-11-18T02:00:00Z: $0.00296 (contract-2026-11, default)\n"
      "\n"
      "What can be asked for at 2026-11-18T02:00:00Z, and until when its price holds:\n"
      "  deepseek-flash: ds-v41f-b, peak, until 2026-11-18T04:00:00Z\n"
      "  deepseek-v4-flash: ds-v41f-b, peak, until 2026-11-18T04:00:00Z\n"
      "  deepseek-v4-flash-vision-exp: ds-v41f-b, peak, until 2026-11-18T04:00:00Z\n"
      "  deepseek-v4-pro: ds-v4p-peak3, peak, until 2026-11-18T04:00:00Z\n"
      "  deepseek-v4.1-flash: ds-v41f-b, peak, until 2026-11-18T04:00:00Z\n";
  CHECK(output.text == expected);
}

TEST_CASE("examples: 05 asks until the day's budget refuses, and its ledger knows what was spent") {
  loopback::LoopbackProvider provider;
  char folder[] = "/tmp/tally-example-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string environment =
      "cd " + std::string(folder) +
      " && DEEPSEEK_API_KEY=sk-example DEEPSEEK_BASE_URL=" + provider.url();
  const auto before = std::chrono::system_clock::now();
  const Output output = run(environment, EXAMPLE_05_BUDGET_AND_LEDGER);
  const Output again = run(environment, EXAMPLE_05_BUDGET_AND_LEDGER);
  const auto after = std::chrono::system_clock::now();
  std::system(("rm -r " + std::string(folder)).c_str());
  INFO(output.text);
  if (output.text.find("built without SQLite") != std::string::npos) return;
  CHECK(output.exit_code == 0);
  CHECK(again.exit_code == 0);
  // The next band or day may have begun meanwhile, or be so near that its price is held.
  const auto soon = after + std::chrono::hours(1);
  if (is_peak(before) != is_peak(soon) || before.time_since_epoch() / std::chrono::hours(24) !=
                                              after.time_since_epoch() / std::chrono::hours(24)) {
    return;
  }
  // Held are 102 bytes and the allowance of 168 tokens, and 50 tokens out: at peak 270 * 0.30 +
  // 50 * 1.20 = 141 dollars for a million calls, else half of it. After 4 calls of 16.2 are 135.2
  // of 200 left; after 16 of 8.1 are 70.4.
  const bool peak = is_peak(before);
  std::string expected;
  for (int i = 0; i < (peak ? 4 : 16); ++i) expected += expected_at(before).receipt();
  expected += "deepseek-flash, not_billed (budget)\n";
  expected += std::string("budget \"smith-day\": the call could cost ") +
              (peak ? "$0.000141, and $0.0001352" : "$0.0000705, and $0.0000704") +
              " of $0.0002 is left until ";
  CHECK(output.text.find(expected) == 0);
  CHECK(std::regex_search(output.text, std::regex("until \\d{4}-\\d\\d-\\d\\dT00:00:00Z\n")));
  CHECK(output.text.find(peak ? "\nsmith: 5 calls, $0.0000648\n"
                              : "\nsmith: 17 calls, $0.0001296\n") != std::string::npos);
  CHECK(output.text.find("p-117") != std::string::npos);
  // The file remembers: refused at once.
  CHECK(again.text.find("deepseek-flash, not_billed (budget)\n") == 0);
}

TEST_CASE("examples: 06 shows each step of a tool loop with its bill, and the sum") {
  loopback::Script script;
  script.tools = {{"call_1", "length_of", {"{\"river\":", "\"Nile\"}"}}};
  loopback::LoopbackProvider provider(script);
  check_printed(provider, EXAMPLE_06_TOOLS, [](const Expected& e) {
    // Two calls: 2 x 16.2 or 2 x 8.1 dollars for a million of them.
    const std::string sum = e.band == "peak" ? "$0.0000324" : "$0.0000162";
    return "calls length_of({\"river\":\"Nile\"})\n" + (whole_text + e.receipt()) + whole_text +
           e.receipt() + "2 steps, " + sum + "\n";
  });
  const std::string second = provider.received().back().body;
  CHECK(second.find(R"("tool_call_id":"call_1")") != std::string::npos);
  CHECK(second.find(R"({\"km\":6650})") != std::string::npos);
}

TEST_CASE("examples: 07 reads a struct out of a JSON answer, and refuses another one") {
  loopback::Script script;
  script.tokens = {"{\"name\":", "\"Nile\",", "\"km\":", "6650}"};
  loopback::LoopbackProvider provider(script);
  check_printed(provider, EXAMPLE_07_JSON,
                [](const Expected& e) { return e.receipt() + "Nile, 6650 km\n"; });
  CHECK(provider.received().back().body.find(R"("json_object")") != std::string::npos);
  script.tokens = {"{\"name\":\"Nile\"}"};
  provider.set_script(script);
  const Output other = run_against(provider, EXAMPLE_07_JSON);
  CHECK(other.exit_code == 1);
  CHECK(other.text.find("not what was asked for: {\"name\":\"Nile\"}\n") != std::string::npos);
}

TEST_CASE("examples: 08 has its answers as a future and in a coroutine") {
  loopback::LoopbackProvider provider;
  check_printed(provider, EXAMPLE_08_ASYNC, [](const Expected& e) {
    const std::string sum = e.band == "peak" ? "$0.0000324" : "$0.0000162";
    return "coroutine: 2 calls, " + sum + "\nfuture: " + whole_text + e.receipt();
  });
  CHECK(provider.served().chats == 3);
}

TEST_CASE("examples: 09 fills the hole in a function and prints the receipt") {
  loopback::Script script;
  script.tokens = {"    while b:\n", "        a, b = b, a % b\n"};
  loopback::LoopbackProvider provider(script);
  check_printed(provider, EXAMPLE_09_FIM, [](const Expected& e) {
    return "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n" + e.receipt();
  });
  CHECK(provider.received().back().path == "/beta/completions");
}

TEST_CASE("examples: 11 has a thread of its own in the client, which ends with the shutdown") {
  loopback::Script slow;
  slow.delay = std::chrono::milliseconds(20);
  loopback::LoopbackProvider provider(slow);
  const auto before = std::chrono::system_clock::now();
  const Output output = run_against(provider, EXAMPLE_11_THREAD);
  const auto after = std::chrono::system_clock::now();
  CHECK(output.exit_code == 0);
  const auto first = [](const Expected& e) { return "1: " + (whole_text + e.receipt()); };
  const bool is_whole = output.text.find(first(expected_at(before))) != std::string::npos ||
                        output.text.find(first(expected_at(after))) != std::string::npos;
  CHECK_MESSAGE(is_whole, output.text);
  CHECK_MESSAGE(output.text.find("2: the call was cancelled by the caller\n") != std::string::npos,
                output.text);
}

TEST_CASE("examples: the receipts in the README are what the examples print off-peak") {
  std::ifstream file(TALLY_SOURCE_DIR "/README.md");
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  const Expected offpeak = expected_at(std::chrono::system_clock::time_point());
  CHECK(readme.find(whole_text + offpeak.receipt()) != std::string::npos);

  const Output output = run("env -u DEEPSEEK_API_KEY -u DEEPSEEK_BASE_URL", EXAMPLE_QUICKSTART);
  const auto begin = output.text.rfind("\n~") + 1;
  const auto end = output.text.find('\n', begin) + 1;
  const std::string estimate = output.text.substr(begin, end - begin);
  if (estimate.find(" off-peak,") == std::string::npos)
    return;  // It is a peak hour: other amounts.
  CHECK_MESSAGE(readme.find(estimate) != std::string::npos, estimate);
}

TEST_CASE(
    "quickstart: without a key it says that the answer is scripted, and bills it to the digit") {
  const auto before = std::chrono::system_clock::now();
  const Output output = run("env -u DEEPSEEK_API_KEY -u DEEPSEEK_BASE_URL", EXAMPLE_QUICKSTART);
  CHECK(output.exit_code == 0);
  const std::string found = masked(output.text);
  CHECK(found.find("DEEPSEEK_API_KEY is not set") == 0);
  CHECK(found.find("SCRIPTED") != std::string::npos);

  const auto whole = [](const Expected& e) {
    return std::string("> Name three rivers.\n") + whole_text +
           "\n"
           "usage (from provider)\n"
           "  prompt_tokens:            18\n"
           "  prompt_cache_hit_tokens:  0\n"
           "  prompt_cache_miss_tokens: 18\n"
           "  completion_tokens:        9\n"
           "\n" +
           explained(e) + "\n--- The same, but the server breaks off in the middle.\n";
  };
  const bool is_right =
      found.find(whole(expected_at(before))) != std::string::npos ||
      found.find(whole(expected_at(std::chrono::system_clock::now()))) != std::string::npos;
  CHECK_MESSAGE(is_right, found, "\nexpected in it:\n", whole(expected_at(before)));

  const std::string cut = found.substr(found.find("--- The same"));
  CHECK(cut.find("The Danube, the Nile\n\nerror: ") != std::string::npos);
  CHECK(cut.find("usage (from estimator)\n") != std::string::npos);
  CHECK(
      std::regex_search(cut, std::regex("\n~\\d+ in \\+ ~5 out = ~\\$0\\.0000\\d+  deepseek-flash "
                                        "(peak|off-peak), estimated\n")));
  CHECK(cut.find("attempt 1: estimated (stream_cut), counts from estimator\n") !=
        std::string::npos);
  CHECK(std::regex_search(cut, std::regex("  between \\$0\\.00000\\d+ and \\$0\\.0000\\d+\n")));
  CHECK(cut.find("this bill is an estimate (~)") != std::string::npos);
}

TEST_CASE(
    "quickstart: with a key it asks the server that is named, and stops listening in the middle") {
  loopback::Script slow;
  slow.delay = std::chrono::milliseconds(10);
  loopback::LoopbackProvider provider(slow);
  const Output output = run_against(provider, EXAMPLE_QUICKSTART);
  CHECK(output.exit_code == 0);
  CHECK(output.text.find("Asking " + provider.url() + " twice") == 0);
  CHECK(output.text.find("SCRIPTED") == std::string::npos);
  CHECK(output.text.find("estimated (cancelled), counts from estimator\n") != std::string::npos);
  CHECK(provider.served().chats == 2);
}
