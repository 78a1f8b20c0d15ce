// SPDX-License-Identifier: MIT
#include "wire/fim_json.hpp"

#include <utility>

#include "wire/json_writer.hpp"
#include "wire/request_object.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Result<void> check(const FimRequest& request, const RequestExtra& extra, bool stream) {
  if (request.model.empty()) return refused_request("model is empty: name the model to ask");
  if (request.prompt.empty() && !extra.find("prompt")) {
    return refused_request("prompt is empty: give what stands before the hole");
  }
  if (auto fine = extra.check_stream(stream); !fine) return fine;
  const std::pair<std::string_view, const std::optional<double>*> numbers[] = {
      {"temperature", &request.temperature},
      {"top_p", &request.top_p},
      {"presence_penalty", &request.presence_penalty},
      {"frequency_penalty", &request.frequency_penalty},
  };
  for (const auto& [name, value] : numbers) {
    if (auto fine = check_finite(name, *value); !fine) return fine;
  }
  return check_above_zero("max_tokens", request.max_tokens);
}

}  // namespace

Result<std::string> write_request(const FimRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent) {
  auto extra = RequestExtra::read(request.extra);
  if (!extra) return std::move(extra).error();
  if (auto fine = check(request, *extra, stream); !fine) return std::move(fine).error();
  RequestObject object(*extra);
  object.add("model", quoted(request.model));
  object.add("prompt", quoted(request.prompt));
  if (request.suffix) object.add("suffix", quoted(*request.suffix));
  object.add_count("max_tokens", request.max_tokens ? request.max_tokens : max_tokens_if_absent);
  object.add_number("temperature", request.temperature);
  object.add_number("top_p", request.top_p);
  object.add_number("presence_penalty", request.presence_penalty);
  object.add_number("frequency_penalty", request.frequency_penalty);
  if (!request.stop.empty()) object.add("stop", array_of(request.stop, quoted));
  object.add_count("logprobs", request.logprobs);
  object.add_flag("echo", request.echo);
  return object.take(stream);
}

}  // namespace TALLY_ABI
}  // namespace tally
