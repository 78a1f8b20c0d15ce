// SPDX-License-Identifier: MIT
#include "tally/conversation.hpp"

#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/completion.hpp"
#include "c_api/handles.hpp"
#include "c_api/request.hpp"

using tally::Arguments;
using tally::at_boundary;
using tally::Result;

struct tally_conversation : tally::HandleOf<tally::HandleKind::conversation> {
  explicit tally_conversation(tally::Conversation begun) : conversation(std::move(begun)) {}

  /// In a copy first: without memory, nothing was added.
  template <class What>
  std::int32_t push(What&& what) {
    tally::Conversation longer = conversation;
    longer.push_back(std::forward<What>(what));
    conversation = std::move(longer);
    return TALLY_OK;
  }

  tally::Conversation conversation;
};

extern "C" {

int32_t tally_conversation_create(const char* system_prompt, uint64_t size, uint64_t most_turns,
                                  int64_t most_tokens, tally_conversation** out,
                                  tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    const auto prompt = given.text(system_prompt, size, "system_prompt");
    tally::ConversationBounds bounds;
    bounds.most_turns = static_cast<std::size_t>(most_turns);
    bounds.most_tokens = given.at_least(0, most_tokens, "most_tokens");
    if (!given.good()) return given.error();
    *out = new tally_conversation(tally::Conversation(std::string(prompt), bounds));
    return TALLY_OK;
  });
}

void tally_conversation_destroy(tally_conversation* conversation) { tally::destroy(conversation); }

int32_t tally_conversation_push_message(tally_conversation* conversation,
                                        const tally_message* message, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(conversation, "conversation");
    tally::Message read = tally::message_of(message, given);
    if (!given.good()) return given.error();
    return conversation->push(std::move(read));
  });
}

int32_t tally_conversation_push_completion(tally_conversation* conversation,
                                           const tally_completion* completion, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(conversation, "conversation");
    given.handle(completion, "completion");
    if (!given.good()) return given.error();
    return conversation->push(completion->completion);
  });
}

int32_t tally_conversation_request(const tally_conversation* conversation,
                                   tally_chat_request* request, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(conversation, "conversation");
    given.handle(request, "request");
    if (!given.good()) return given.error();
    std::vector<tally::Message> messages = conversation->conversation.messages();
    request->request.messages = std::move(messages);
    return TALLY_OK;
  });
}

int32_t tally_conversation_get_state(const tally_conversation* conversation,
                                     tally_conversation_state* out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(conversation, "conversation");
    given.answer(out, "out");
    if (!given.good()) return given.error();
    const tally::Conversation& talk = conversation->conversation;
    tally_conversation_state made{};
    tally::put(talk.cost().total, TALLY_HAS_TOTAL, &made.has, &made.total);
    made.is_estimate = talk.cost().is_estimate;
    made.is_lower_bound = talk.cost().is_lower_bound;
    made.estimated_tokens = talk.estimated_tokens();
    made.messages = talk.messages().size();
    made.turns_left_out = talk.turns_left_out();
    made.calls = talk.calls();
    tally::give(out, made);
    return TALLY_OK;
  });
}

}  // extern "C"
