// SPDX-License-Identifier: MIT

// tally is a guest in somebody's process. This program's `getenv` stands before the system's.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "faults/nginx.hpp"
#include "faults/outputs.hpp"
#include "faults/programs.hpp"
#include "integration/loopback_client.hpp"

using namespace std::chrono_literals;
using integration::client_of;
using integration::options_for;
using integration::streamed;
using integration::three_rivers;
using loopback::LoopbackProvider;
using tally::BillState;
using tally::ErrorKind;

extern char** environ;

namespace {

std::mutex asked_mutex;
std::set<std::string> asked;  // Names that code of this program, tally's, has asked for.

bool is_own_code(void* address) {
  Dl_info code{};
  Dl_info here{};
  return ::dladdr(address, &code) != 0 && ::dladdr(&asked, &here) != 0 &&
         code.dli_fbase == here.dli_fbase;
}

char* find_variable(const std::string& name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (name.compare(0, name.size(), *entry, name.size()) == 0 && (*entry)[name.size()] == '=') {
      return *entry + name.size() + 1;
    }
  }
  return nullptr;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-*): Libraries bind to this one, since the program comes first.
extern "C" char* getenv(const char* name) noexcept {
  if (is_own_code(__builtin_return_address(0))) {
    const std::lock_guard<std::mutex> lock(asked_mutex);
    asked.insert(name);
  }
  return find_variable(name);
}

namespace {

std::set<std::string> take_asked() {
  const std::lock_guard<std::mutex> lock(asked_mutex);
  return std::exchange(asked, {});
}

/// Calls of every face, good and bad ones.
void use_everything(const LoopbackProvider& provider, faults::Outputs* outputs = nullptr) {
  for (const char* script : {"", "status=401", "status=503; retry_after=0", "cut_after=3", "html",
                             "empty", "garbage_chunk=2", "error_after=3"}) {
    tally::ClientOptions options = options_for(provider, script);
    options.retries.most = 1;
    options.retries.first_delay = 1ms;
    if (outputs != nullptr) outputs->listen_to(options);
    const tally::Client client = integration::open(std::move(options));
    std::vector<tally::Completion> completions = {client.chat(three_rivers()), streamed(client),
                                                  client.stream(three_rivers()).finish()};
    client.chat_start(three_rivers());
    tally::Event event;
    for (int i = 0; i < 1000 && completions.size() < 4; ++i) {
      REQUIRE(client.wait(100ms));
      while (client.next_event(event)) {
        if (event.completion) completions.push_back(*event.completion);
      }
    }
    for (const tally::Completion& completion : completions) {
      if (outputs != nullptr) outputs->add(completion);
    }
  }
}

std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    (void)entry;
    ++count;
  }
  return count;
}

/// Puts a file in the place of a descriptor, and the descriptor back.
class Captured {
 public:
  Captured(int descriptor, const std::string& path)
      : descriptor_(descriptor), path_(path), kept_(::dup(descriptor)) {
    std::fflush(nullptr);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, descriptor_);
    ::close(file);
  }
  std::string take() {
    std::fflush(nullptr);
    ::dup2(kept_, descriptor_);
    ::close(kept_);
    return faults::read_file(path_);
  }

 private:
  int descriptor_;
  std::string path_;
  int kept_;
};

/// Takes one connection, reads some of the upload, and resets it.
class Resetter {
 public:
  Resetter() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      const int connection = ::accept(fd_, nullptr, nullptr);
      std::array<char, 4096> bytes{};
      (void)!::read(connection, bytes.data(), bytes.size());
      const linger reset{1, 0};
      ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      ::close(connection);
    });
  }
  ~Resetter() {
    thread_.join();
    ::close(fd_);
  }

  std::string url;

 private:
  int fd_;
  std::thread thread_;
};

std::vector<std::string> ids_of_refused_calls(const tally::Client& client) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const tally::Completion completion = client.chat(tally::ChatRequest{});
    ids.push_back(completion.receipt.call_id);
    ids.push_back(completion.receipt.attempts.at(0).attempt_id);
  }
  return ids;
}

}  // namespace

TEST_CASE("manners: the environment is read by options_from_environment() alone") {
  LoopbackProvider provider;
  (void)client_of(provider);  // The tests' own poller is asked for once.
  (void)take_asked();
  use_everything(provider);
  CHECK(take_asked() == std::set<std::string>{});
  (void)tally::options_from_environment();
  CHECK(take_asked() == std::set<std::string>{"DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL"});
}

TEST_CASE("manners: no SIGPIPE when the server resets a long upload") {
  const auto before = ::signal(SIGPIPE, SIG_DFL);
  tally::ChatRequest request = three_rivers();
  request.messages = {tally::user(std::string(1 << 20, 'a'))};
  for (int i = 0; i < 3; ++i) {
    const Resetter server;
    tally::ClientOptions options;
    options.api_key = "sk-canary-5f1d";
    options.base_url = server.url;
    options.retries.most = 0;
    const tally::Completion completion = integration::open(std::move(options)).chat(request);
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::connection);
  }
  const bool is_untouched = ::signal(SIGPIPE, before) == SIG_DFL;
  CHECK(is_untouched);
}

TEST_CASE("manners: signal handlers stay as they were, and nothing is printed") {
  LoopbackProvider provider;
  std::array<struct sigaction, 32> before{};
  for (int i = 1; i < 32; ++i) ::sigaction(i, nullptr, &before[static_cast<std::size_t>(i)]);
  const faults::TempFolder folder;
  Captured out(1, folder / "out");
  Captured err(2, folder / "err");
  use_everything(provider);
  CHECK(err.take() == "");
  CHECK(out.take() == "");
  for (int i = 1; i < 32; ++i) {
    struct sigaction now {};
    ::sigaction(i, nullptr, &now);
    const bool is_untouched = now.sa_handler == before[static_cast<std::size_t>(i)].sa_handler;
    CHECK(is_untouched);
  }
}

TEST_CASE("manners: a client in static memory with a live stream survives exit()") {
  loopback::Script endless;
  endless.delay = 20ms;
  endless.stall_after = 3;
  LoopbackProvider provider(endless);
  const faults::TempFolder folder;
  std::vector<std::pair<std::string, std::string>> servers = {{provider.url(), ""}};
  std::optional<faults::Nginx> nginx;
  if (*TALLY_NGINX == '/' && *TALLY_OPENSSL == '/') {
    nginx.emplace(provider.port());
    servers.emplace_back(nginx->https(), nginx->ca());
  } else {
    MESSAGE("not over TLS: nginx or openssl is missing");
  }
  for (const auto& [url, ca] : servers) {
    // More than once: OpenSSL that has ended does not crash each time it is used.
    for (const char* how : {"exit", "return", "exit", "return", "exit", "return"}) {
      CAPTURE(url);
      CHECK(faults::run({TALLY_EXIT_WITH_STREAM, url, ca, how}, folder / "printed") == 0);
    }
  }
  CHECK(faults::read_file(folder / "printed") == "");
}

TEST_CASE(
    "manners: parent and child of a fork make different ids, and the child may open its own") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider, "delay_ms=20");
  tally::Stream stream = client.stream(three_rivers());
  REQUIRE(stream.next());
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const tally::Completion refused = client.chat(three_rivers());
    bool good = !refused.reply && refused.reply.error().kind == ErrorKind::forked;
    const tally::Client own = client_of(provider);
    good = good && streamed(own).reply;
    for (const std::string& id : ids_of_refused_calls(own)) {
      good = good && ::write(pipe_ends[1], id.data(), 36) == 36;
    }
    ::_exit(good ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  std::set<std::string> ids;
  for (const std::string& id : ids_of_refused_calls(client)) ids.insert(id);
  std::array<char, 36> id{};
  while (::read(pipe_ends[0], id.data(), id.size()) == 36) ids.insert({id.data(), id.size()});
  ::close(pipe_ends[0]);
  CHECK(ids.size() == 20);
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  const tally::Completion completion = stream.finish();
  REQUIRE(completion.reply);
  CHECK(completion.receipt.state == BillState::settled);
}

TEST_CASE("manners: the key stands in no output, also where the server repeats it") {
  constexpr const char* key = "sk-canary-5f1d";
  LoopbackProvider provider;
  faults::Outputs outputs;
  use_everything(provider, &outputs);

  const std::string said = std::string("Incorrect API key provided: ") + key + ".";
  const std::string error = R"({"error":{"message":")" + said + R"(","type":"auth )" + key +
                            R"(","code":")" + key + "\"}}";
  struct Echo {
    int status;
    std::string type;
    std::string body;
  };
  const std::vector<Echo> echoes = {
      {401, "application/json", error},
      {500, "application/json", error},
      {502, "text/html", "<html><title>" + said + "</title></html>"},
      {307, "text/html", said},
      {200, "text/html", "<html><title>" + said + "</title></html>"},
      {200, "application/json", error},
      {200, "text/event-stream", "data: " + error + "\n\n"},
      {200, "text/event-stream", "data: {\"id\": " + said + "\n\ndata: [DONE]\n\n"},
  };
  for (const Echo& echo : echoes) {
    loopback::Script script;
    script.status = echo.status;
    script.content_type = echo.type;
    script.body = echo.body;
    script.headers = {{"Location", std::string("http://elsewhere.example/?key=") + key},
                      {"x-ds-trace-id", std::string("request of ") + key},
                      {"x-request-id", std::string("request of ") + key},
                      {"x-repeated", key}};
    provider.set_script(script);
    tally::ClientOptions options = options_for(provider);
    options.retries.most = 1;
    options.retries.first_delay = 1ms;
    outputs.listen_to(options);
    const tally::Client client = integration::open(std::move(options));
    outputs.add(client.chat(three_rivers()));
    outputs.add(streamed(client));
  }
  outputs.add_ledger_rows();
  for (const std::string& found : outputs.holding(key)) FAIL_CHECK(found);
  for (const auto& [place, count] : outputs.counts())
    MESSAGE(place, ": ", count, " texts searched");
}

TEST_CASE("manners: no thread and no descriptor is left after 100 clients") {
  LoopbackProvider provider;
  (void)streamed(client_of(provider));  // What curl and OpenSSL keep for good.
  const auto settled = [](const char* folder, std::size_t expected) {
    // The server notices a little later that a connection is gone.
    for (int i = 0; i < 1000 && entries_of(folder) > expected; ++i)
      std::this_thread::sleep_for(5ms);
    return entries_of(folder);
  };
  std::this_thread::sleep_for(50ms);
  const std::size_t descriptors = entries_of("/proc/self/fd");
  const std::size_t threads = entries_of("/proc/self/task");
  for (int i = 0; i < 100; ++i) {
    tally::ClientOptions options = options_for(provider, i % 4 == 3 ? "cut_after=3" : "");
    // A name, so that there is a lookup and its thread.
    options.base_url = "http://localhost:" + std::to_string(provider.port());
    const tally::Client client = integration::open(std::move(options));
    (void)(i % 2 == 0 ? client.chat(three_rivers()) : streamed(client));
    client.chat_start(three_rivers());
    (void)client.poll();
  }
  CHECK(settled("/proc/self/fd", descriptors) <= descriptors);
  CHECK(settled("/proc/self/task", threads) <= threads);
}
