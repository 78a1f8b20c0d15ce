// SPDX-License-Identifier: MIT
#include "call.hpp"

#include <utility>

#include "timing.hpp"

namespace bench {

tally::Client open_client(const std::string& url, const std::string& ca_file) {
  tally::ClientOptions options;
  options.api_key = "sk-bench";
  options.base_url = url;
  options.provider = "deepseek";
  options.curl.ca_file = ca_file;
  options.limits.event_bytes = options.limits.reply_bytes = 1u << 30;  // A reply of 100 MB.
  auto client = tally::Client::open(std::move(options));
  if (!client) fail(client.error().message);
  return *std::move(client);
}

tally::ChatRequest small_request() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

void check(const tally::Completion& completion) {
  if (!completion.reply) fail(completion.reply.error().message);
  if (completion.receipt.state != tally::BillState::settled || !completion.receipt.cost.total) {
    fail("a call has no settled cost: " + to_string(completion.receipt));
  }
}

}  // namespace bench
