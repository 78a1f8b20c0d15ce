// SPDX-License-Identifier: MIT

// A program that ends in the middle of a stream, with its client in static memory: part of
// manners_test.
//
//   exit_with_stream <base URL> <CA file, or ""> <exit | return>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "tally/tally.hpp"

namespace {

std::optional<tally::Client> client;
std::optional<tally::Stream> stream;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  tally::ClientOptions options;
  options.api_key = "sk-canary-5f1d";
  options.base_url = argv[1];
  options.curl.ca_file = argv[2];
  auto opened = tally::Client::open(std::move(options));
  if (!opened) return 3;
  client = *std::move(opened);
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  // One that is polled, too.
  client->chat_start(request);
  if (!client->poll()) return 4;
  stream = client->stream(request);
  if (!stream->next()) return 5;
  if (std::strcmp(argv[3], "exit") == 0) std::exit(0);
  return 0;
}
