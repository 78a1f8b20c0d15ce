// SPDX-License-Identifier: MIT
#include "client/recording.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/stable_order.hpp"
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::string name_of(const RecordedExchange& exchange) {
  return exchange.method + " " + exchange.path;
}

std::string_view source_of(const JsonValue* value, std::string_view text) {
  return value != nullptr ? text.substr(value->begin, value->end - value->begin)
                          : std::string_view();
}

/// The names of the top-level members that differ; nothing where that can't be told. Names only: an
/// error never holds a prompt.
std::vector<std::string> differing_members(std::string_view asked, std::string_view recorded) {
  const auto a = parse_json(asked);
  const auto b = parse_json(recorded);
  std::vector<std::string> names;
  if (!a || !b || !a->root().is_object() || !b->root().is_object()) return names;
  for (const JsonValue& member : a->root().children()) {
    const std::string_view there = source_of(b->root().find(member.key), recorded);
    if (source_of(&member, asked) != there) names.emplace_back(member.key);
  }
  for (const JsonValue& member : b->root().children()) {
    if (a->root().find(member.key) == nullptr) names.emplace_back(member.key);
  }
  return names;
}

bool is_earlier(const RecordedExchange& a, const RecordedExchange& b) {
  return a.started < b.started;
}

}  // namespace

ReplayClock::Time& ReplayClock::here() const {
  // Not 0: an instant that was never set must differ from the first one.
  const Time first{SteadyInstant(std::chrono::seconds(1)), start_};
  return times_.try_emplace(std::this_thread::get_id(), first).first->second;
}

SteadyInstant ReplayClock::steady() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return here().steady;
}

Instant ReplayClock::wall() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return here().wall;
}

void ReplayClock::set_wall(Instant now) {
  std::lock_guard<std::mutex> lock(mutex_);
  here().wall = now;
}

void ReplayClock::advance_to(SteadyInstant now) {
  std::lock_guard<std::mutex> lock(mutex_);
  here().steady = std::max(here().steady, now);
}

Recording::Recording(std::vector<RecordedExchange> exchanges)
    : clock_(std::min_element(exchanges.begin(), exchanges.end(), is_earlier)->started) {
  // Lines are written when exchanges end; of equal ones, the call that was first asks first.
  sort_stably(exchanges, is_earlier);
  for (RecordedExchange& each : exchanges) known_.push_back({std::move(each), false});
}

Result<const RecordedExchange*> Recording::take(const HttpRequest& request) {
  const RecordedExchange plain = recorded_request(request);
  RecordedExchange asked = plain;
  if (request.headers) redact(asked, secrets_in(*request.headers));
  std::lock_guard<std::mutex> lock(mutex_);
  for (Known& each : known_) {
    const RecordedExchange& known = each.exchange;
    if (each.is_played || known.method != asked.method) continue;
    if (known.path != plain.path && known.path != asked.path) continue;
    // What is a secret here may have been none there: first as it stands.
    if (known.request != plain.request && known.request != asked.request) continue;
    each.is_played = true;
    return &known;
  }
  return nothing_like(asked);
}

Instant Recording::next_start(Instant otherwise) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto next =
      std::find_if(known_.begin(), known_.end(), [](const Known& each) { return !each.is_played; });
  return next != known_.end() ? next->exchange.started : otherwise;
}

Error Recording::nothing_like(const RecordedExchange& asked) const {
  const auto has_path = [&](const Known& each) { return name_of(each.exchange) == name_of(asked); };
  const auto played = std::count_if(known_.begin(), known_.end(), [&](const Known& each) {
    return has_path(each) && each.exchange.request == asked.request;
  });
  std::string message = "the recording holds ";
  if (played > 0) {
    message += "this " + name_of(asked) + " " +
               (played == 1 ? "once, and it was played"
                            : std::to_string(played) + " times, and all were played") +
               ": record as many as are asked for";
  } else if (std::any_of(known_.begin(), known_.end(), has_path)) {
    message += "no " + name_of(asked) + " with this body" + nearest(asked) + ": record it anew";
  } else {
    message += "no " + name_of(asked) + ", only " + contents() + ": record it anew";
  }
  return Error{ErrorKind::invalid_argument, std::move(message)};
}

std::string Recording::nearest(const RecordedExchange& asked) const {
  const RecordedExchange* best = nullptr;
  std::vector<std::string> names;
  for (const Known& each : known_) {
    if (name_of(each.exchange) != name_of(asked)) continue;
    auto differing = differing_members(asked.request, each.exchange.request);
    if (differing.empty() || (best != nullptr && differing.size() >= names.size())) continue;
    best = &each.exchange;
    names = std::move(differing);
  }
  if (best == nullptr) return "";
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return " (that of line " + std::to_string(best->line) + " differs in " + list + ")";
}

std::string Recording::contents() const {
  std::map<std::string, int> counts;
  for (const Known& each : known_) ++counts[name_of(each.exchange)];
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + " (" + std::to_string(count) + ")";
  }
  return text;
}

}  // namespace TALLY_ABI
}  // namespace tally
