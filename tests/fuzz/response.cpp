// SPDX-License-Identifier: MIT
// A whole answer through a real client, over a network and a clock that exist in memory: whatever a
// server does, there is a bill, and the bill is honest.
//
// The input is seven characters (see `plan_of`), a line end, header lines, a blank line, and the
// body.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "fuzz/pieces.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"
#include "unit/client/fake_network.hpp"

namespace {

using std::chrono::milliseconds;
using tally::Attempt;
using tally::BillState;

enum class Face { document, callback, started, leaves_early };

struct Plan {
  int status = 200;  ///< 0: the answer ends before its header does.
  tally::TransferEnd end;
  bool ends = true;  ///< Else the server falls silent.
  bool connects = true;
  Face face = Face::document;
  bool has_max_tokens = false;
  bool is_known_model = true;
  milliseconds between{0};
  int retries = 0;
  tally::Limits limits;
  std::string headers;
  std::string_view body;
};

/// `0` to `9` and on from there, so that a seed can be read: `0000000` is a good answer to `chat`.
std::size_t choice(std::string_view input, std::size_t at, std::size_t bound) {
  return at < input.size() ? static_cast<unsigned char>(input[at] - '0') % bound : 0;
}

Plan plan_of(std::string_view input) {
  constexpr std::array<int, 16> statuses = {200, 0,   201, 204, 301, 400, 401, 402,
                                            403, 408, 429, 500, 502, 503, 504, 529};
  constexpr std::array<int, 5> delays = {0, 1, 5'000, 70'000, 200'000};
  Plan plan;
  plan.status = statuses[choice(input, 0, 16)];
  const std::size_t end = choice(input, 1, 8);
  plan.ends = end < 7;
  if (plan.ends) plan.end.result = static_cast<tally::TransferResult>(end);
  plan.face = static_cast<Face>(choice(input, 2, 4));
  const std::size_t flags = choice(input, 3, 16);
  plan.connects = (flags & 1) == 0;
  plan.end.request_sent = plan.connects && (flags & 2) == 0;
  plan.has_max_tokens = (flags & 4) != 0;
  plan.is_known_model = (flags & 8) == 0;
  plan.between = milliseconds(delays[choice(input, 4, 5)]);
  plan.retries = static_cast<int>(choice(input, 5, 3));
  if (choice(input, 6, 2) == 1) plan.limits = {300, 400, 200, 8, 1};

  input.remove_prefix(std::min(std::min(input.find('\n'), input.size()) + 1, input.size()));
  while (!input.empty() && input.front() != '\n') {
    const std::string_view line = input.substr(0, input.find('\n'));
    if (line.find(": ") != line.npos) plan.headers.append(line).append("\n");
    input.remove_prefix(std::min(line.size() + 1, input.size()));
  }
  plan.body = input.substr(std::min<std::size_t>(1, input.size()));
  return plan;
}

fake::Script script_of(const Plan& plan) {
  fake::Script script;
  if (plan.connects) script.push_back(fake::connect(plan.between));
  if (plan.connects && plan.status != 0) {
    script.push_back(fake::head(plan.status, plan.headers, plan.between));
    fuzz::in_random_pieces(plan.body, fuzz::Chance(plan.body), [&](std::string_view piece) {
      script.push_back(fake::body(std::string(piece), plan.between));
    });
  }
  if (!plan.ends) return script;
  fake::Step end = fake::end(plan.end.result, plan.end.request_sent, plan.between);
  script.push_back(end);
  return script;
}

struct Seen {
  std::map<int, std::string> texts;  ///< Of each choice.
  std::optional<tally::Completion> completion;
};

Seen ask(const tally::Client& client, const tally::ChatRequest& request, Face face) {
  Seen seen;
  if (face == Face::document) {
    seen.completion = client.chat(request);
  } else if (face != Face::started) {
    seen.completion = client.chat(request, [&](const tally::Delta& delta) {
      seen.texts[delta.choice] += delta.text;
      return face == Face::leaves_early ? tally::Flow::stop : tally::Flow::keep;
    });
  } else {
    client.chat_start(request);
    for (int turns = 0; !seen.completion; ++turns) {
      fuzz::promise(turns < 100'000, "a started call ends");
      (void)client.wait(milliseconds(60'000));
      for (tally::Event event; client.next_event(event);) {
        seen.texts[event.delta.choice] += event.delta.text;
        if (event.completion) seen.completion = std::move(event.completion);
      }
    }
  }
  return seen;
}

bool counts_are_known_zeros(const tally::Usage& usage) {
  const tally::BilledTokens& billed = usage.billed;
  return usage.source == tally::UsageSource::provider && billed.output.value_or(1) == 0 &&
         (billed.cache_miss || billed.cache_hit) && billed.cache_miss.value_or(0) == 0 &&
         billed.cache_hit.value_or(0) == 0 && billed.cache_write.value_or(0) == 0;
}

void check_attempt(const Attempt& attempt, const std::string& shown) {
  const tally::Cost& cost = attempt.cost;
  fuzz::promise(attempt.state != BillState::reserved, "no attempt is left open", shown);
  fuzz::promise(!attempt.attempt_id.empty(), "an attempt has its id", shown);
  if (attempt.state == BillState::not_billed) {
    fuzz::promise(cost.total && cost.total->amount.is_zero(), "what is not billed costs 0", shown);
    return;
  }
  const bool is_zero = cost.total && cost.total->amount.is_zero();
  fuzz::promise(!is_zero || counts_are_known_zeros(attempt.usage), "unknown is never 0", shown);
  fuzz::promise(!cost.total || !cost.total->amount.is_negative(), "no bill is negative", shown);
  fuzz::promise(
      cost.total || attempt.state == BillState::unpriced || attempt.state == BillState::partial,
      "no total, no settled bill", shown);
  fuzz::promise(attempt.state != BillState::estimated || (cost.is_estimate && cost.bounds),
                "an estimate is marked and has bounds", shown);
  if (!cost.bounds || !cost.total) return;
  fuzz::promise(cost.bounds->low.amount <= cost.total->amount, "no bill is below its bounds",
                shown);
  fuzz::promise(cost.total->amount <= cost.bounds->high.amount, "no bill is above its bounds",
                shown);
}

void check_receipt(const tally::Receipt& receipt, const Plan& plan) {
  const std::string shown = explain(receipt);
  fuzz::promise(!receipt.call_id.empty(), "a call has its id", shown);
  fuzz::promise(!receipt.attempts.empty(), "every call has an attempt with a bill", shown);
  fuzz::promise(receipt.attempts.size() <= static_cast<std::size_t>(plan.retries) + 1,
                "no attempt is made that nobody asked for", shown);
  tally::Decimal total;
  bool all_priced = true;
  bool all_free = true;
  for (const Attempt& attempt : receipt.attempts) {
    check_attempt(attempt, shown);
    all_free = all_free && attempt.state == BillState::not_billed;
    all_priced = all_priced && attempt.cost.total;
    if (attempt.cost.total)
      total = checked_add(total, attempt.cost.total->amount).value_or(tally::Decimal{});
  }
  fuzz::promise(all_free == (receipt.state == BillState::not_billed),
                "free is what is free throughout", shown);
  fuzz::promise(!all_priced || (receipt.cost.total && receipt.cost.total->amount == total),
                "the receipt is the sum of its attempts", shown);
  fuzz::promise(!receipt.ledger_error, "the ledger took every bill", shown);
}

void check_ledger(const tally::Ledger& ledger, const tally::Receipt& receipt) {
  const auto rows = ledger.rows();
  fuzz::promise(rows && rows->size() == receipt.attempts.size(),
                "the ledger has a row for each attempt");
  for (std::size_t i = 0; i < rows->size(); ++i) {
    fuzz::promise((*rows)[i].attempt_id == receipt.attempts[i].attempt_id, "rows are in order");
    fuzz::promise((*rows)[i].state == receipt.attempts[i].state,
                  "the ledger says what the receipt says");
  }
}

void check_error(const tally::ChatError& error, const tally::Receipt& receipt) {
  fuzz::promise(error.charge_possible == (receipt.state != BillState::not_billed),
                "charge_possible is the receipt's word", explain(receipt));
  fuzz::promise(!error.message.empty(), "an error says something");
  fuzz::promise(error.message.find("sk-canary") == std::string::npos, "no error holds the key",
                error.message);
  fuzz::promise(error.provider_code.find("sk-canary") == std::string::npos,
                "no code holds the key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Plan plan = plan_of({reinterpret_cast<const char*>(data), size});
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.options.limits = plan.limits;
  world.options.retries.most = plan.retries;
  world.network->scripts.assign(static_cast<std::size_t>(plan.retries) + 1, script_of(plan));
  tally::ChatRequest request = fake::question();
  if (plan.has_max_tokens) request.max_tokens = 50;
  if (!plan.is_known_model) request.model = "nobody-knows";

  Seen seen = ask(world.open(), request, plan.face);
  const auto& [reply, receipt] = *seen.completion;
  check_receipt(receipt, plan);
  check_ledger(ledger, receipt);
  if (!reply) check_error(reply.error(), receipt);
  if (reply) {
    fuzz::promise(plan.status >= 200 && plan.status < 300, "success has a status of success");
    fuzz::promise(receipt.state != BillState::not_billed, "an answer is not free",
                  explain(receipt));
  }
  if (plan.face == Face::callback || plan.face == Face::started) {
    const tally::Reply& kept = reply ? *reply : reply.error().partial;
    fuzz::same(kept.text(), seen.texts[0], "no delta is lost");
    for (const tally::Choice& further : kept.more_choices) {
      fuzz::same(further.message.content, seen.texts[further.index], "no further choice's is lost");
    }
  }
  return 0;
}
