// SPDX-License-Identifier: MIT
#include "fuzz/reading.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "fuzz/pieces.hpp"
#include "fuzz/promise.hpp"
#include "tally/provider.hpp"

namespace fuzz {
namespace {

using tally::Delta;
using tally::DeltaRecord;
using tally::ReplyReader;

/// What somebody has of one choice who only collects deltas.
struct CollectedChoice {
  std::string text;
  std::string reasoning;
  std::string refusal;
  std::map<int, std::string> arguments;

  void add(const Delta& delta) {
    text += delta.text;
    reasoning += delta.reasoning;
    refusal += delta.refusal;
    if (delta.tool_call) arguments[delta.tool_call->index] += delta.tool_call->arguments;
  }

  void check(const tally::Message& message, const std::string& whole_refusal) const {
    same(message.content, text, "the deltas add up to the text");
    same(message.reasoning_content.value_or(""), reasoning, "the deltas add up to the reasoning");
    same(whole_refusal, refusal, "the deltas add up to the refusal");
    promise(arguments.size() == message.tool_calls.size(), "every tool call has a delta");
    for (const auto& [index, pieces] : arguments) {
      const auto& call = message.tool_calls[static_cast<std::size_t>(index)];
      same(call.arguments, pieces, "the deltas add up to the arguments");
    }
  }
};

/// And of a whole answer.
struct Collected {
  std::map<int, CollectedChoice> choices;
  std::string log;

  void add(const Delta& delta) {
    choices[delta.choice].add(delta);
    log.append("delta ").append(std::to_string(delta.choice)).append(" ");
    log.append(delta.text).append("|").append(delta.reasoning).append("|");
    log.append(delta.refusal);
    if (delta.tool_call) {
      log.append("|").append(std::to_string(delta.tool_call->index)).append("|");
      log.append(delta.tool_call->id).append("|").append(delta.tool_call->arguments);
    }
    log += "\n";
  }

  void check(const tally::Reply& reply) {
    choices[0].check(reply.message, reply.refusal);
    for (const tally::Choice& choice : reply.more_choices) {
      choices[choice.index].check(choice.message, choice.refusal);
    }
    promise(choices.size() == reply.more_choices.size() + 1, "every delta's choice is kept");
  }
};

std::string count(std::optional<std::int64_t> tokens) {
  return (tokens ? std::to_string(*tokens) : std::string("-")) + " ";
}

std::string describe(const tally::Usage& usage) {
  std::string out = "usage ";
  for (const auto& tokens :
       {usage.prompt_tokens, usage.prompt_cache_hit_tokens, usage.prompt_cache_miss_tokens,
        usage.cache_write_tokens, usage.completion_tokens, usage.reasoning_tokens,
        usage.total_tokens, usage.billed.cache_miss, usage.billed.cache_hit,
        usage.billed.cache_write, usage.billed.output}) {
    promise(!tokens || *tokens >= 0, "no count is negative");
    out += count(tokens);
  }
  for (const tally::Anomaly anomaly : usage.anomalies) out.append(to_string(anomaly)).append(" ");
  if (usage.reported_cost)
    out += to_string(usage.reported_cost->money) + " " + usage.reported_cost->text;
  return out + " " + usage.service_tier + "\n" + usage.raw + "\n";
}

std::string describe(const tally::Message& message) {
  std::string out = message.content + "\n";
  out += message.reasoning_content ? "reasoning " + *message.reasoning_content : "no reasoning";
  for (const tally::ToolCall& call : message.tool_calls) {
    out += "\ncall " + call.id + "|" + call.name + "|" + call.arguments + "|" + call.extra;
  }
  return out + "\n" + message.extra;
}

std::string describe(const tally::Reply& reply) {
  std::string out = reply.id + "\n" + reply.model + "\n" + describe(reply.message);
  for (const tally::Choice& choice : reply.more_choices) {
    out += "\nchoice " + std::to_string(choice.index) + " " + describe(choice.message) + "\n" +
           choice.finish_reason_text + "|" + choice.refusal + "|" + choice.logprobs;
  }
  return out + "\n" + std::string(to_string(reply.finish_reason)) + "|" + reply.finish_reason_text +
         "\n" + reply.refusal + "\n" + reply.logprobs + "\n" + reply.system_fingerprint + "\n" +
         reply.service_tier + "\n" + std::to_string(reply.created) + "\n";
}

std::string describe(const ReplyReader& reader) {
  std::string out = describe(reader.reply());
  if (const auto usage = reader.usage()) out += describe(*usage);
  out += reader.done() ? "done " : "not done ";
  out += reader.finished() ? "finished " : "not finished ";
  out += std::to_string(reader.output_deltas()) + " deltas\n";
  // Of an answer that was given up, nobody reads the rest.
  if (!reader.hopeless()) out += std::to_string(reader.payload_count()) + " payload\n";
  const auto& error = reader.error();
  promise(error || reader.done() || reader.finished(), "success is proven");
  if (!error) return out;
  promise(!error->message.empty(), "an error says something");
  return out + std::string(to_string(error->kind)) + ": " + error->message + " (" +
         error->provider_code + ")" + (error->retry_may_help ? " retry" : "") + "\n";
}

}  // namespace

std::string read_body(std::string_view body, const How& how) {
  std::vector<DeltaRecord> records;
  ReplyReader reader(tally::provider_named(how.provider), how.limits, &records, how.path);
  Collected collected;
  std::size_t taken = 0;
  const auto collect = [&] {
    for (; taken < records.size(); ++taken) collected.add(reader.view(records[taken]));
  };
  const auto feed = [&](std::string_view piece) {
    if (reader.hopeless()) return;  // As the engine does.
    reader.feed(piece);
    collect();
  };
  if (how.in_pieces) {
    in_random_pieces(body, Chance(body), feed);
  } else {
    feed(body);
  }
  reader.finish(how.is_cut);
  collect();
  collected.check(reader.reply());
  return collected.log + describe(reader);
}

How how_of(std::string_view body) {
  Chance chance(body);
  How how;
  constexpr std::string_view providers[] = {"deepseek", "xai",     "openrouter",
                                            "gemini",   "mistral", "generic"};
  how.provider = providers[chance.below(6)];
  how.is_cut = chance.below(2) == 0;
  if (chance.below(4) == 0) how.limits = {300, 400, 200, 8, 16};
  return how;
}

}  // namespace fuzz
