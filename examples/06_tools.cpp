// SPDX-License-Identifier: MIT

// A model that may look something up. Each step is seen as it happens, with its own bill.
//
//   DEEPSEEK_API_KEY=sk-... ./06_tools

#include <iostream>
#include <tally/tally.hpp>

namespace {

// Only called with arguments that are JSON. What goes wrong here is told to the model.
tally::Result<std::string> length_of(const tally::ToolCall& call) {
  if (call.arguments.find("Nile") != std::string::npos) return std::string(R"({"km":6650})");
  return tally::Error{tally::ErrorKind::invalid_argument, "only the Nile is known here"};
}

void print(const tally::Completion& step) {
  if (!step.reply) {
    std::cout << "error: " << step.reply.error().message << '\n';
  } else {
    for (const tally::ToolCall& call : step.reply->message.tool_calls) {
      std::cout << "calls " << call.name << '(' << call.arguments << ")\n";
    }
    if (!step.reply->text().empty()) std::cout << step.reply->text() << '\n';
  }
  std::cout << step.receipt << '\n';
}

}  // namespace

int main() {
  auto client = tally::Client::open(tally::options_from_environment());
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::Tool tool;
  tool.name = "length_of";
  tool.description = "The length of a river in km.";
  tool.parameters = R"({"type":"object","properties":{"river":{"type":"string"}}})";

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("How long is the Nile?")};
  request.tools = {tool};

  tally::ToolLoopOptions options;
  options.most_steps = 4;
  options.most_cost = tally::Money{*tally::Decimal::parse("0.01"), tally::usd};

  tally::ToolLoop loop(*client, request, tally::one_by_one(length_of), options);
  while (loop.step()) print(loop.last());
  print(loop.last());
  std::cout << loop.steps() << " steps, " << to_string(loop.conversation().cost()) << '\n';
  return loop.last().reply ? 0 : 1;
}
