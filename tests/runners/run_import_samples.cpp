// SPDX-License-Identifier: MIT

// Whole price lists as they were published: what becomes of each entry, and prices that were read
// off the files by eye.
//
//   run_import_samples folder        or TALLY_IMPORT_SAMPLES=folder run_import_samples
//
// The folder holds litellm.json, genai-prices.json, models.dev.json and llm-prices.openai.json, as
// of 2026-11-21. They are not ours to ship, so that without a folder nothing is run.

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report.hpp"
#include "tally/import.hpp"
#include "wire/usage_json.hpp"

namespace runners {
namespace {

using namespace tally;

struct Sample {
  std::string_view file;
  PriceList list;
  std::size_t entries;  ///< Models in the file, counted with another tool.
};

constexpr Sample samples[] = {
    {"litellm.json", PriceList::litellm, 2986},
    {"genai-prices.json", PriceList::genai_prices, 1694},
    {"models.dev.json", PriceList::models_dev, 590},
    {"llm-prices.openai.json", PriceList::llm_prices, 46},
};

/// A price that was read off a file, and the line where it stands.
struct KnownPrice {
  std::string_view file;
  int line;
  std::string_view provider;
  std::string_view model;
  Bucket bucket;
  std::string_view per_million;
  std::int64_t prompt_tokens = 1000;
  std::string_view service_tier = "";
  std::string_view at = "2026-11-21T12:00:00Z";
};

constexpr std::string_view litellm = "litellm.json";
constexpr std::string_view genai = "genai-prices.json";
constexpr std::string_view models_dev = "models.dev.json";
constexpr std::string_view llm_prices = "llm-prices.openai.json";

const KnownPrice known_prices[] = {
    // "cache_read_input_token_cost": 1.25e-06 and the lines below it, of "gpt-4o".
    {litellm, 22328, "openai", "gpt-4o", Bucket::input_cache_hit, "1.25"},
    {litellm, 22330, "openai", "gpt-4o", Bucket::input_cache_miss, "2.5"},
    {litellm, 22332, "openai", "gpt-4o", Bucket::input_cache_miss, "4.25", 1000, "priority"},
    {litellm, 22339, "openai", "gpt-4o", Bucket::output, "5", 1000, "batch"},
    {litellm, 11588, "anthropic", "claude-sonnet-4-5", Bucket::cache_write_1h, "6"},
    {litellm, 11594, "anthropic", "claude-sonnet-4-5", Bucket::cache_write, "7.5", 200001},
    {litellm, 11587, "anthropic", "claude-sonnet-4-5", Bucket::cache_write, "3.75", 200000},
    {litellm, 19859, "gemini", "gemini-2.5-pro", Bucket::output, "15", 200001, "priority"},
    {litellm, 4847, "azure", "gpt-4o-mini", Bucket::input_cache_miss, "0.165"},
    {litellm, 15341, "deepseek", "deepseek-chat", Bucket::input_cache_hit, "0.028"},
    {litellm, 46117, "deepseek", "deepseek-v4-pro", Bucket::input_cache_hit, "0.003625"},
    {litellm, 42829, "novita", "deepseek/deepseek-v3.2", Bucket::input_cache_hit, "0.1345"},
    {litellm, 22418, "openai", "gpt-4o-audio-preview", Bucket::output_audio, "80"},
    {litellm, 39774, "xai", "grok-4-fast-reasoning", Bucket::output, "0.5", 127999},
    {litellm, 39775, "xai", "grok-4-fast-reasoning", Bucket::output, "1", 128000},
    {litellm, 34684, "together", "moonshotai/Kimi-K2-Instruct", Bucket::output, "3"},
    {litellm, 16438, "fireworks", "accounts/fireworks/models/deepseek-v3p1", Bucket::output,
     "1.68"},
    {litellm, 25016, "openai", "gpt-5-nano", Bucket::input_cache_miss, "0.025", 1000, "flex"},
    {litellm, 11335, "cerebras", "gpt-oss-120b", Bucket::output, "0.75"},
    {genai, 19056, "openai", "o3", Bucket::input_cache_miss, "10", 1000, "",
     "2025-06-09T23:59:59Z"},
    {genai, 19069, "openai", "o3-2025-04-16", Bucket::input_cache_miss, "2"},
    {genai, 29015, "quicksilverpro", "gpt-5.6-luna", Bucket::input_cache_hit, "0.008"},
    {models_dev, 2466, "xai", "grok-4.20-0309-reasoning", Bucket::input_cache_hit, "0.2", 199999},
    {models_dev, 2473, "xai", "grok-4.20-0309-reasoning", Bucket::output, "5", 200000},
    {llm_prices, 165, "openai", "o3", Bucket::input_cache_miss, "10"},
};

/// A usage as a server sent it, and its bill by the prices of a file, worked out by hand.
struct KnownBill {
  std::string_view file;
  std::string_view provider;
  std::string_view model;
  std::string_view usage;
  std::string_view total;
};

const KnownBill known_bills[] = {
    // 16 of text x 0.6 + 37 of audio x 10 + 123 x 2.4 = 9.6 + 370 + 295.2 millionths.
    {litellm, "openai", "gpt-audio-mini", R"({"prompt_tokens":53,"completion_tokens":123,
      "total_tokens":176,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":37,
      "text_tokens":16,"image_tokens":0}})",
     "$0.0006748"},
    // 12 x 2.5 + 69 x 40 + 72 x 10 = 30 + 2760 + 720 millionths.
    {litellm, "openai", "gpt-4o-audio-preview", R"({"prompt_tokens":81,"completion_tokens":72,
      "total_tokens":153,"prompt_tokens_details":{"audio_tokens":69,"text_tokens":12}})",
     "$0.00351"},
    // 12 x 0.3 + 69 x 1 + 72 x 2.5 = 3.6 + 69 + 180 millionths.
    {models_dev, "gemini", "gemini-2.5-flash", R"({"prompt_tokens":81,"completion_tokens":72,
      "total_tokens":153,"prompt_tokens_details":{"audio_tokens":69}})",
     "$0.0002526"},
    // (8 + 178) x 1 millionths and a search of 0.005; Perplexity's own figure was 0.00519.
    {litellm, "perplexity", "sonar", R"({"prompt_tokens":8,"completion_tokens":178,
      "total_tokens":186,"search_context_size":"low"})",
     "$0.005186"},
    // The same by a list that prices each request with the dearest search.
    {genai, "perplexity", "sonar", R"({"prompt_tokens":8,"completion_tokens":178,
      "total_tokens":186,"search_context_size":"low"})",
     "$0.012186"},
    // 1000 x 3 + 200 x 3.75 + 300 x 6 + 50 x 15 = 3000 + 750 + 1800 + 750 millionths, 2 x 0.01.
    {genai, "anthropic", "claude-sonnet-4-5", R"({"prompt_tokens":1500,"completion_tokens":50,
      "total_tokens":1550,"cache_creation":{"ephemeral_5m_input_tokens":200,
      "ephemeral_1h_input_tokens":300},"server_tool_use":{"web_search_requests":2}})",
     "$0.0263"},
    // Audio without a price of its own: 81 x 2.5 + 72 x 10 = 202.5 + 720 millionths, at least.
    {litellm, "openai", "gpt-4o", R"({"prompt_tokens":81,"completion_tokens":72,
      "total_tokens":153,"prompt_tokens_details":{"audio_tokens":69}})",
     ">=$0.0009225"},
};

std::string billed(const PriceCatalog& catalog, const KnownBill& known) {
  const auto json = parse_json(known.usage);
  if (!json) return json.error().message;
  const Usage usage =
      normalize(read_usage(json->root(), known.usage), provider_named(known.provider));
  PriceQuery query;
  query.provider = known.provider;
  query.model = known.model;
  query.prompt_tokens = usage.prompt_tokens;
  query.at = parse_instant("2026-11-21T12:00:00Z").value_or(Instant{});
  const auto price = catalog.price_at(query);
  return to_string(price ? cost_of(usage, *price) : cost_of(usage, price.error()));
}

std::string found(const PriceCatalog& catalog, const KnownPrice& known) {
  PriceQuery query;
  query.provider = known.provider;
  query.model = known.model;
  query.prompt_tokens = known.prompt_tokens;
  query.service_tier = known.service_tier;
  query.at = parse_instant(known.at).value_or(Instant{});
  const auto price = catalog.price_at(query);
  if (!price) return price.error().message;
  const auto rate = (*price->rates)[known.bucket];
  const auto per_million = rate ? checked_multiply(*rate, 1000000) : std::nullopt;
  return per_million ? to_string(*per_million) : "no price for that bucket";
}

void print_counts(const char* what, const std::vector<RefusedPrice>& refused) {
  std::map<std::string_view, std::size_t> counts;
  for (const RefusedPrice& one : refused) ++counts[to_string(one.reason)];
  for (const auto& [reason, count] : counts) {
    std::printf("  %s, %s: %zu\n", what, std::string(reason).c_str(), count);
  }
}

void run(const Sample& sample, const std::string& folder, Report& report) {
  const std::string file(sample.file);
  std::string text;
  if (!read_file(folder + '/' + file, text)) return report.add(file, {"cannot be read"});
  ImportOptions options;
  options.imported_at = parse_instant("2026-11-21T00:00:00Z").value_or(Instant{});
  options.excluded_providers.clear();
  const auto began = std::chrono::steady_clock::now();
  const auto imported = import_prices(sample.list, text, options);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  if (!imported) return report.add(file, {imported.error().message});

  std::printf("%s: %zu models taken in %.0f ms\n", file.c_str(), imported->taken, took.count());
  print_counts("refused", imported->refused);
  print_counts("left out", imported->left_out);
  std::vector<std::string> mismatches;
  expect_equal(mismatches, "entries", std::to_string(sample.entries),
               std::to_string(imported->taken + imported->refused.size()));
  report.add(file, mismatches);
  for (const KnownPrice& known : known_prices) {
    if (known.file != sample.file) continue;
    mismatches.clear();
    expect_equal(mismatches, std::string(to_string(known.bucket)), std::string(known.per_million),
                 found(imported->catalog, known));
    report.add(file + ':' + std::to_string(known.line) + ' ' + std::string(known.model),
               mismatches);
  }
  for (const KnownBill& known : known_bills) {
    if (known.file != sample.file) continue;
    mismatches.clear();
    expect_equal(mismatches, "bill", std::string(known.total), billed(imported->catalog, known));
    report.add(file + ": a bill of " + std::string(known.model), mismatches);
  }
}

}  // namespace
}  // namespace runners

int main(int argc, char** argv) {
  const auto folders = runners::paths_to_read(argc, argv, "TALLY_IMPORT_SAMPLES", "");
  if (folders.front().empty()) {
    std::puts("skipped: TALLY_IMPORT_SAMPLES names no folder of price lists");
    return 0;
  }
  runners::Report report;
  for (const auto& sample : runners::samples) runners::run(sample, folders.front(), report);
  return report.finish();
}
