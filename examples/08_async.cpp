// SPDX-License-Identifier: MIT

// Calls as std::future and as something to co_await: adapters of a few lines over `chat_start` and
// `wait`. No thread is started; a program with frames would call `poll` in each of them instead.
//
//   DEEPSEEK_API_KEY=sk-... ./08_async

#include <coroutine>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <tally/tally.hpp>
#include <utility>

namespace {

class Pump {
 public:
  explicit Pump(tally::Client client) : client_(std::move(client)) {}

  void start(const tally::ChatRequest& request, std::function<void(tally::Completion)> then) {
    waiting_[client_.chat_start(request)] = std::move(then);
  }

  /// Until every call has ended, also those that begin meanwhile.
  void run() {
    tally::Event event;
    while (!waiting_.empty() && client_.wait(std::chrono::seconds(1))) {
      while (client_.next_event(event)) {
        if (!event.completion) continue;  // A delta: these callers want the whole answer.
        auto call = waiting_.extract(event.call);
        if (call) call.mapped()(*std::move(event.completion));
      }
    }
  }

 private:
  tally::Client client_;
  std::map<tally::CallId, std::function<void(tally::Completion)>> waiting_;
};

std::future<tally::Completion> as_future(Pump& pump, const tally::ChatRequest& request) {
  auto promise = std::make_shared<std::promise<tally::Completion>>();
  pump.start(request, [promise](tally::Completion end) { promise->set_value(std::move(end)); });
  return promise->get_future();
}

/// `co_await Answer{pump, request}` gives the completion.
struct Answer {
  Pump& pump;
  const tally::ChatRequest& request;
  std::optional<tally::Completion> end{};

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    pump.start(request, [this, caller](tally::Completion completion) {
      end = std::move(completion);
      caller.resume();
    });
  }
  tally::Completion await_resume() { return *std::move(end); }
};

/// A coroutine that nobody waits for.
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

void print(const char* who, const tally::Completion& end) {
  std::cout << who << ": " << (end.reply ? end.reply->text() : end.reply.error().message) << '\n'
            << end.receipt << '\n';
}

Task ask_twice(Pump& pump, tally::ChatRequest request) {
  tally::Conversation talk;
  for (const char* question : {"Name three rivers.", "And three more."}) {
    talk.push_back(tally::user(question));
    talk.push_back(co_await Answer{pump, request = talk.request(request)});
  }
  std::cout << "coroutine: " << talk.calls() << " calls, " << to_string(talk.cost()) << '\n';
}

}  // namespace

int main() {
  auto client = tally::Client::open(tally::options_from_environment());
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  Pump pump(*client);
  auto future = as_future(pump, request);
  ask_twice(pump, request);
  pump.run();
  print("future", future.get());
  return 0;
}
