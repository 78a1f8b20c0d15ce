// SPDX-License-Identifier: MIT
#include "loopback_provider.hpp"

#include <httplib.h>
#if !defined(_WIN32)
#include <netinet/in.h>
#include <sys/socket.h>
#endif

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "answer.hpp"

namespace loopback {
namespace {

constexpr const char* script_header = "x-loopback-script";
#if defined(_WIN32)
constexpr int both_ways = SD_BOTH;
#else
constexpr int both_ways = SHUT_RDWR;
#endif

// httplib hands every accepted connection to its queue exactly once, which is the one exact place
// to count them. The return type of `enqueue` is void in older versions and bool in newer ones.
class CountingQueue : public httplib::ThreadPool {
 public:
  CountingQueue(std::size_t threads, std::atomic<std::uint64_t>& accepted)
      : httplib::ThreadPool(threads), accepted_(accepted) {}

  auto enqueue(std::function<void()> fn)
      -> decltype(std::declval<httplib::ThreadPool&>().enqueue(std::function<void()>())) override {
    ++accepted_;
    return httplib::ThreadPool::enqueue(std::move(fn));
  }

 private:
  std::atomic<std::uint64_t>& accepted_;
};

class HttpServer : public httplib::Server {
 public:
  // httplib listens with a backlog of 5: with 64 clients at once the sixth would wait a second for
  // the kernel to repeat its SYN.
  void widen_backlog() { ::listen(svr_sock_, 512); }
};

// httplib 0.11 leaves a kept-alive connection only when its client goes or the keep-alive time is
// over. The server's side of its connections is known by the local port, which nobody else can
// have.
void shut_connections_of(int port) {
  for (socket_t fd = 3; fd < 4096; ++fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    if (address.sin_family == AF_INET && ntohs(address.sin_port) == port) ::shutdown(fd, both_ways);
  }
}

void set_error(httplib::Response& response, int status, const std::string& message) {
  response.status = status;
  response.set_content(
      nlohmann::json{{"error", {{"message", message}, {"type", "invalid_request_error"}}}}.dump(),
      "application/json");
}

bool ends_with_result(const nlohmann::json& messages) {
  return !messages.empty() && messages.back().is_object() &&
         messages.back().value("role", "") == "tool";
}

}  // namespace

struct LoopbackProvider::State {
  HttpServer server;
  int port = 0;
  std::thread listener;
  std::atomic<std::uint64_t> accepted{0};

  mutable std::mutex mutex;  // Guards all below.
  std::condition_variable stopped_changed;
  bool stopped = false;
  Script script;
  Served served;
  std::deque<ReceivedRequest> received;
  std::size_t kept_requests = 64;

  // False: the provider stopped before the time was over.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock<std::mutex> lock(mutex);
    return !stopped_changed.wait_for(lock, time, [this] { return stopped; });
  }

  void count_settled(const Script& of) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++served.settled;
    served.prompt_tokens += of.prompt_tokens;
    served.cache_hit_tokens += of.cache_hit_tokens;
    served.cache_miss_tokens += of.prompt_tokens - of.cache_hit_tokens;
    served.completion_tokens += of.completion_tokens;
  }

  void note(const httplib::Request& request) {
    ReceivedRequest copy{request.method, request.path, {}, request.body};
    for (const auto& header : request.headers) copy.headers.push_back(header);
    const std::lock_guard<std::mutex> lock(mutex);
    ++served.requests;
    received.push_back(std::move(copy));
    if (received.size() > kept_requests) received.pop_front();
  }

  // Plays the pieces of an answer into a connection. False: close it.
  bool play(const Answer& answer, const Script& of, httplib::DataSink& sink) {
    for (const auto& piece : answer.pieces) {
      if (piece.delay.count() > 0 && !pause(piece.delay)) return false;
      // Counted before it leaves: a client that has read it must find it counted.
      if (piece.settles) count_settled(of);
      for (std::size_t i = 0; i < piece.repeat; ++i) {
        // An empty chunk would end a chunked body.
        if (!piece.bytes.empty() && !sink.write(piece.bytes.data(), piece.bytes.size()))
          return false;
      }
    }
    while (answer.ending == Ending::stall || answer.ending == Ending::stall_with_comments) {
      if (!pause(std::chrono::milliseconds(5)) || !sink.is_writable()) return false;
      static const std::string comment = ": keep-alive\n\n";
      if (answer.ending == Ending::stall_with_comments &&
          !sink.write(comment.data(), comment.size())) {
        return false;
      }
    }
    return answer.ending == Ending::proper;
  }

  void send(Answer answer, const Script& of, httplib::Response& response) {
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    auto shared = std::make_shared<const Answer>(std::move(answer));
    if (shared->chunked) {
      response.set_chunked_content_provider(
          shared->content_type, [this, shared, of](std::size_t, httplib::DataSink& sink) {
            if (!play(*shared, of, sink)) return false;
            sink.done();
            return true;
          });
      return;
    }
    std::size_t length = 0;
    for (const auto& piece : shared->pieces) length += piece.bytes.size() * piece.repeat;
    if (length == 0) {
      response.set_content("", shared->content_type);
      return;
    }
    // A stall is one inside the body: the length promises a byte more than is ever sent.
    if (shared->ending != Ending::proper) ++length;
    response.set_content_provider(
        length, shared->content_type,
        [this, shared, of](std::size_t, std::size_t, httplib::DataSink& sink) {
          return play(*shared, of, sink);
        });
  }

  void complete(Asked asked, const httplib::Request& request, httplib::Response& response) {
    note(request);
    Script current;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      current = script;
      asked.number = ++served.chats;
    }
    auto parsed = parse_script(std::move(current), request.get_header_value(script_header));
    if (!parsed.unknown_word.empty()) {
      return set_error(response, 400, "no such word in a loopback script: " + parsed.unknown_word);
    }
    if (request.get_header_value("Authorization") == "Bearer sk-wrong") parsed.script.status = 401;
    char trace[24];
    std::snprintf(trace, sizeof trace, "%016llx", static_cast<unsigned long long>(asked.number));
    response.set_header("x-ds-trace-id", trace);

    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    const char* must = asked.fim ? "prompt" : "messages";
    if (!body.is_object() || !body.contains(must) ||
        !(asked.fim ? body[must].is_string() : body[must].is_array())) {
      return set_error(response, 400, "The request is not a completion");
    }
    if (body.contains("model") && body["model"].is_string()) asked.model = body["model"];
    // A model that got a tool's result answers.
    if (!asked.fim && ends_with_result(body["messages"])) parsed.script.tools.clear();
    asked.stream = body.contains("stream") && body["stream"] == true;
    if (parsed.script.hang) {
      while (pause(std::chrono::hours(1))) {
      }
    }
    if (parsed.script.head_delay.count() > 0) pause(parsed.script.head_delay);
    send(compose(parsed.script, asked), parsed.script, response);
  }

  void serve() {
    // In this order: the second pattern fits the first path too.
    server.Post(R"(.*/chat/completions)",
                [this](const httplib::Request& request, httplib::Response& response) {
                  complete({}, request, response);
                });
    server.Post(R"(.*/completions)",
                [this](const httplib::Request& request, httplib::Response& response) {
                  Asked asked;
                  asked.fim = true;
                  complete(asked, request, response);
                });
    server.Get(R"(.*/models)", [this](const httplib::Request& request,
                                      httplib::Response& response) {
      note(request);
      response.set_content(R"({"object":"list","data":[)"
                           R"({"id":"deepseek-flash","object":"model","owned_by":"deepseek"},)"
                           R"({"id":"deepseek-v4-pro","object":"model","owned_by":"deepseek"}]})",
                           "application/json");
    });
    server.Get(R"(.*/user/balance)",
               [this](const httplib::Request& request, httplib::Response& response) {
                 note(request);
                 if (request.get_header_value("Authorization") == "Bearer sk-wrong") {
                   return set_error(response, 401, "The key sk-wrong is invalid");
                 }
                 response.set_content(R"({"is_available":true,"balance_infos":[{"currency":"USD",)"
                                      R"("total_balance":"110.00","granted_balance":"10.00",)"
                                      R"("topped_up_balance":"100.00"}]})",
                                      "application/json");
               });
  }
};

LoopbackProvider::LoopbackProvider(Script script, std::size_t connections)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.script = std::move(script);
  state.server.new_task_queue = [&state, connections] {
    return new CountingQueue(connections, state.accepted);
  };
  state.server.set_tcp_nodelay(true);
  state.server.set_keep_alive_max_count(1'000'000);
  state.server.set_keep_alive_timeout(60);
  state.server.set_write_timeout(600);  // A client that pauses for back-pressure is not a dead one.
  state.server.set_payload_max_length(std::size_t{1} << 30);
  state.serve();
  state.port = state.server.bind_to_any_port("127.0.0.1");
  if (state.port <= 0) {
    std::fputs("loopback provider: no port on 127.0.0.1\n", stderr);
    std::abort();
  }
  state.server.widen_backlog();
  state.listener = std::thread([&state] { state.server.listen_after_bind(); });
  // `stop` is ignored by a server that does not run yet.
  while (!state.server.is_running()) std::this_thread::yield();
}

LoopbackProvider::~LoopbackProvider() { stop(); }

void LoopbackProvider::stop() {
  State& state = *state_;
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    if (state.stopped) return;
    state.stopped = true;
  }
  state.stopped_changed.notify_all();
  state.server.stop();
  std::atomic<bool> ended{false};
  // Repeated: a connection accepted a moment ago may not have been there at the first look.
  std::thread closer([&] {
    while (!ended) {
      shut_connections_of(state.port);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  state.listener.join();
  ended = true;
  closer.join();
}

int LoopbackProvider::port() const { return state_->port; }
std::string LoopbackProvider::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void LoopbackProvider::set_script(Script script) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->script = std::move(script);
}

Served LoopbackProvider::served() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  Served copy = state_->served;
  copy.connections = state_->accepted;
  return copy;
}

std::vector<ReceivedRequest> LoopbackProvider::received() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return {state_->received.begin(), state_->received.end()};
}

void LoopbackProvider::keep_received(std::size_t count) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->kept_requests = count;
}

}  // namespace loopback
