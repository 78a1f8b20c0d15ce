// SPDX-License-Identifier: MIT
#include "tally/stream.hpp"

#include <utility>

#include "base/quietly.hpp"
#include "client/stream_state.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Only bounds how long a wait may be asked for; calls end by their own clocks.
constexpr std::chrono::hours long_enough{1};

}  // namespace

Stream::State::State(std::shared_ptr<Client::Core> core_, CallOrder&& order,
                     const CallOptions& options)
    : core(std::move(core_)),
      call(std::make_unique<Call>(core->settings(), std::move(order), options, core->stops())) {
  if (auto refused = core->refusal()) {
    call->refuse(*std::move(refused));
    return;
  }
  auto lane = core->lease();
  if (!lane) {
    call->refuse(std::move(lane).error());
    return;
  }
  lease = LaneLease(*core, **lane);
  call->begin(**lane);
}

Stream::State::~State() {
  if (!core->is_forked()) {
    call.reset();
    quietly([this] { call_hooks(); });  // An abandoned attempt is reported too.
    return;
  }
  // The transfer and its socket are the parent's; ending them here would end them there.
  [[maybe_unused]] Call* kept = call.release();
}

std::optional<Delta> Stream::State::next() {
  if (completion || core->is_forked()) return std::nullopt;
  while (!call->has_delta() && !call->done()) turn();
  return call->next_delta();
}

void Stream::State::turn() {
  if (!quietly([this] { lease.get()->turn(long_enough); })) call->run_out();
  call_hooks();
}

void Stream::State::call_hooks() {
  if (lease.get() == nullptr) return;
  for (const auto& call_host : lease.get()->take_posts()) call_host();
}

Completion Stream::State::take() {
  while (next()) {
  }
  if (!core->is_forked()) return call->take_completion();
  // The rest of the answer and its bill are the parent's; half of it must not pass for the whole.
  ChatError error(*core->refusal(), {});
  error.charge_possible = true;
  return {std::move(error), {}};
}

Completion& Stream::State::finish() {
  if (!completion) completion.emplace(take());
  return *completion;
}

Stream::iterator& Stream::iterator::operator++() {
  std::optional<Delta>& delta = stream_->state_->current;
  delta = stream_->next();
  current_ = delta ? &*delta : nullptr;
  return *this;
}

Stream::Stream(std::shared_ptr<State> state) : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::optional<Delta> Stream::next() { return state_->next(); }
Stream::iterator Stream::begin() {
  iterator it;
  it.stream_ = this;
  ++it;
  return it;
}
void Stream::cancel() {
  if (!state_->core->is_forked()) state_->call->cancel();
}
Completion Stream::finish() { return state_->finish(); }

}  // namespace TALLY_ABI
}  // namespace tally
