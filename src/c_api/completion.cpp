// SPDX-License-Identifier: MIT
#include "c_api/completion.hpp"

#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/ends_well.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

const tally_tool_call* tool_call_of(const ToolCall& call, Storage& storage) {
  tally_tool_call* made = storage.make<tally_tool_call>();
  made->id = view(call.id);
  made->name = view(call.name);
  made->arguments = view(call.arguments);
  made->extra = view(call.extra);
  return made;
}

/// What a reply and a further choice have in common.
template <class From, class To>
void put_answer(const From& from, To* to, Storage& storage) {
  to->text = view(from.message.content);
  to->has_reasoning = from.message.reasoning_content.has_value();
  if (to->has_reasoning) to->reasoning = view(*from.message.reasoning_content);
  to->finish_reason = static_cast<std::int32_t>(from.finish_reason);
  to->finish_reason_text = view(from.finish_reason_text);
  to->refusal = view(from.refusal);
  to->logprobs = view(from.logprobs);
  storage.each<tally_tool_call>(from.message.tool_calls, &to->tool_calls, &to->tool_calls_count,
                                [&](const ToolCall& call) { return tool_call_of(call, storage); });
}

const tally_choice* choice_of(const Choice& choice, Storage& storage) {
  tally_choice* made = storage.make<tally_choice>();
  made->index = choice.index;
  put_answer(choice, made, storage);
  return made;
}

void put_headers(const Reply& reply, tally_reply* made, Storage& storage) {
  tally_pair* pair = storage.array<tally_pair>(reply.headers.size());
  made->headers = pair;
  made->headers_count = reply.headers.size();
  for (const ReplyHeader& header : reply.headers) *pair++ = {view(header.name), view(header.value)};
}

const tally_reply* reply_of(const Reply& reply, Storage& storage) {
  tally_reply* made = storage.make<tally_reply>();
  put_answer(reply, made, storage);
  made->id = view(reply.id);
  made->model = view(reply.model);
  made->system_fingerprint = view(reply.system_fingerprint);
  made->service_tier = view(reply.service_tier);
  made->request_id = view(reply.request_id);
  made->raw = view(reply.raw);
  made->created = reply.created;
  put_headers(reply, made, storage);
  storage.each<tally_choice>(reply.more_choices, &made->more_choices, &made->more_choices_count,
                             [&](const Choice& choice) { return choice_of(choice, storage); });
  return made;
}

}  // namespace

Result<std::int32_t> hand_out(std::unique_ptr<tally_completion> room, Completion completion,
                              tally_completion** out, tally_error* error) {
  room->completion = std::move(completion);
  *out = room.release();
  if (!ends_well([out] { (*out)->show(); })) {
    // The caller has the completion, and its functions try again.
    fail(error, TALLY_E_OUT_OF_MEMORY, "out of memory: the call ended, and may have a bill");
    if (error != nullptr) error->charge_possible = 1;
    return TALLY_E_OUT_OF_MEMORY;
  }
  const auto& reply = (*out)->completion.reply;
  if (!reply) return fail(error, reply.error());
  return TALLY_OK;
}

tally_event event_of(const Delta& delta, tally_call_id call) {
  tally_event made{};
  made.call = call;
  made.choice = delta.choice;
  if (delta.tool_call) {
    made.kind = TALLY_EVENT_TOOL_CALL;
    made.tool_index = delta.tool_call->index;
    made.tool_id = view(delta.tool_call->id);
    made.tool_name = view(delta.tool_call->name);
    made.text = view(delta.tool_call->arguments);
  } else if (!delta.reasoning.empty()) {
    made.kind = TALLY_EVENT_REASONING;
    made.text = view(delta.reasoning);
  } else if (!delta.refusal.empty()) {
    made.kind = TALLY_EVENT_REFUSAL;
    made.text = view(delta.refusal);
  } else {
    made.kind = TALLY_EVENT_TEXT;
    made.text = view(delta.text);
  }
  return made;
}

}  // namespace TALLY_ABI
}  // namespace tally

namespace {

/// As C sees it. There was no memory for that when it was handed out? There may be now.
tally_completion* shown(const tally_completion* completion) {
  if (!tally::is_whole(completion)) return nullptr;
  auto* own = const_cast<tally_completion*>(completion);  // None of them is const.
  if (own->receipt == nullptr && !tally::ends_well([own] { own->show(); })) return nullptr;
  return own;
}

}  // namespace

void tally_completion::show() {
  const auto& answer = completion.reply;
  reply = tally::reply_of(answer ? *answer : answer.error().partial, storage);
  if (!answer) error = tally::error_of(answer.error(), storage);
  receipt = tally::receipt_of(completion.receipt, storage);
}

extern "C" {

const tally_reply* tally_completion_reply(const tally_completion* completion) {
  const tally_completion* own = shown(completion);
  return own != nullptr ? own->reply : nullptr;
}

const tally_error* tally_completion_error(const tally_completion* completion) {
  const tally_completion* own = shown(completion);
  return own != nullptr ? own->error : nullptr;
}

const tally_receipt* tally_completion_receipt(const tally_completion* completion) {
  const tally_completion* own = shown(completion);
  return own != nullptr ? own->receipt : nullptr;
}

int32_t tally_completion_explain(const tally_completion* completion, tally_string** out,
                                 tally_error* error) {
  return tally::at_boundary(error, [&](tally::Arguments& given) -> tally::Result<int32_t> {
    given.out(out, "out");
    given.handle(completion, "completion");
    if (!given.good()) return given.error();
    *out = tally::new_string(tally::explain(completion->completion.receipt)).release();
    return TALLY_OK;
  });
}

void tally_completion_destroy(tally_completion* completion) { tally::destroy(completion); }

}  // extern "C"
