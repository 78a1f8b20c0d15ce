// SPDX-License-Identifier: MIT

// tally's main job in one run: an answer streams in, and then its exact bill is there; the same
// with a stream that ends in the middle, whose bill is an estimate and says so.
//
// With DEEPSEEK_API_KEY set it talks to DeepSeek. Without, a small server inside this program plays
// DeepSeek's part over real HTTP. `examples/quickstart.sh` builds and runs it.

#include <iostream>
#include <memory>
#include <string>
#include <tally/tally.hpp>

#include "loopback_provider.hpp"

namespace {

constexpr int pieces_before_the_cut = 5;

tally::ChatRequest question() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

// Asks, prints what comes, and leaves after `most` pieces (0: stays to the end).
tally::Completion ask(const tally::Client& client, int most) {
  std::cout << "> Name three rivers.\n";
  int pieces = 0;
  auto completion = client.chat(question(), [&](const tally::Delta& delta) {
    std::cout << delta.reasoning << delta.text << std::flush;
    return ++pieces == most ? tally::Flow::stop : tally::Flow::keep;
  });
  std::cout << "\n\n";
  return completion;
}

void print_usage(const tally::Usage& usage) {
  const auto count = [](const std::optional<std::int64_t>& tokens) {
    return tokens ? std::to_string(*tokens) : std::string("not reported");
  };
  std::cout << "usage (from " << to_string(usage.source) << ")\n"
            << "  prompt_tokens:            " << count(usage.prompt_tokens) << '\n'
            << "  prompt_cache_hit_tokens:  " << count(usage.prompt_cache_hit_tokens) << '\n'
            << "  prompt_cache_miss_tokens: " << count(usage.prompt_cache_miss_tokens) << '\n'
            << "  completion_tokens:        " << count(usage.completion_tokens) << "\n\n";
}

void print_bill(const tally::Receipt& receipt) {
  print_usage(receipt.usage);
  std::cout << explain(receipt) << '\n';
}

int run(const tally::Client& client, loopback::LoopbackProvider* provider) {
  auto whole = ask(client, 0);
  if (!whole.reply) std::cout << "error: " << whole.reply.error().message << "\n\n";
  print_bill(whole.receipt);

  if (provider != nullptr) {
    std::cout << "--- The same, but the server breaks off in the middle.\n\n";
    loopback::Script cut;
    cut.cut_after = pieces_before_the_cut;
    provider->set_script(cut);
  } else {
    std::cout << "--- The same, but we stop listening in the middle.\n\n";
  }
  auto broken = ask(client, provider != nullptr ? 0 : pieces_before_the_cut);
  if (!broken.reply) std::cout << "error: " << broken.reply.error().message << "\n\n";
  print_bill(broken.receipt);
  std::cout << "No usage came, so this bill is an estimate (~). The true amount lies within its\n"
               "bounds as far as the texts tell it; it is never shown as 0 and never as exact.\n";
  return whole.reply ? 0 : 1;
}

}  // namespace

int main() {
  auto options = tally::options_from_environment();
  std::unique_ptr<loopback::LoopbackProvider> provider;
  if (options.api_key.empty()) {
    provider = std::make_unique<loopback::LoopbackProvider>();
    options.base_url = provider->url();
    options.api_key = "sk-nobody-checks-this";
    std::cout
        << "DEEPSEEK_API_KEY is not set, so DeepSeek is not asked and nothing is spent. A small\n"
           "server in this program answers instead; THE ANSWER AND ITS TOKEN COUNTS ARE SCRIPTED.\n"
           "HTTP, client, prices and arithmetic are the real ones.\n\n";
  } else {
    std::cout << "Asking " << options.base_url << " twice; this costs a fraction of a cent.\n\n";
  }
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  return run(*client, provider.get());
}
