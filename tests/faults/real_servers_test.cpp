// SPDX-License-Identifier: MIT

// The transport's options against programs that others wrote. Each test's name begins with the
// program that it needs.

#include <doctest/doctest.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "faults/nginx.hpp"
#include "faults/outputs.hpp"
#include "faults/programs.hpp"
#include "integration/loopback_client.hpp"
#include "transport/curl_global.hpp"

using faults::Nginx;
using faults::Outputs;
using integration::open;
using integration::options_for;
using integration::streamed;
using integration::three_rivers;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::BillState;
using tally::ErrorKind;
using tally::HttpVersion;

namespace {

constexpr const char* whole_text = "The Danube, the Nile and the Amazon.";
constexpr const char* key = "sk-canary-5f1d";

/// A provider, and nginx before it.
struct Site {
  LoopbackProvider provider;
  Nginx nginx{provider.port()};

  tally::ClientOptions options(const std::string& url, const std::string& script = "") const {
    tally::ClientOptions options = options_for(provider, script);
    options.base_url = url;
    options.curl.ca_file = nginx.ca();
    return options;
  }
};

void check_whole(const tally::Completion& completion) {
  if (!completion.reply) FAIL_CHECK(completion.reply.error().message);
  if (!completion.reply) return;
  CHECK(completion.reply->text() == whole_text);
  CHECK(total_of(completion.receipt) == "0.0000081");
}

/// Ended before a byte of the request was out.
void check_free(const tally::Completion& completion, ErrorKind kind) {
  REQUIRE_FALSE(completion.reply);
  CAPTURE(completion.reply.error().message);
  CHECK(completion.reply.error().kind == kind);
  CHECK_FALSE(completion.reply.error().charge_possible);
  CHECK(completion.receipt.state == BillState::not_billed);
}

std::chrono::nanoseconds thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The most CPU that one poll of a started call took, in microseconds.
double worst_poll(const tally::Client& client) {
  client.chat_start(three_rivers());
  std::chrono::nanoseconds worst{0};
  tally::Event event;
  for (int i = 0; i < 100'000; ++i) {
    const auto begin = thread_cpu();
    (void)client.poll(std::chrono::microseconds(0));
    worst = std::max(worst, thread_cpu() - begin);
    while (client.next_event(event)) {
      if (!event.completion) continue;
      check_whole(*event.completion);
      return static_cast<double>(worst.count()) / 1000;
    }
    timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
  FAIL("no answer");
  return 0;
}

}  // namespace

TEST_CASE("nginx: TLS with a CA of one's own, as a file and as text, over both HTTP versions") {
  const Site site;
  for (const HttpVersion version : {HttpVersion::http1, HttpVersion::http2}) {
    for (const bool as_text : {false, true}) {
      tally::ClientOptions options = site.options(site.nginx.https());
      options.curl.http_version = version;
      std::string trace;
      options.curl.trace = [&trace](std::string_view line) { trace.append(line).append("\n"); };
      if (as_text) options.curl.ca_pem = faults::read_file(std::exchange(options.curl.ca_file, ""));
      const tally::Client client = open(std::move(options));
      check_whole(client.chat(three_rivers()));
      check_whole(streamed(client));
      const bool is_http2 = trace.find("HTTP/2 200") != std::string::npos;
      CHECK(is_http2 == (version == HttpVersion::http2));
    }
  }
}

TEST_CASE("nginx: over HTTP/2 many started calls share one connection, and each has its bill") {
  const Site site;
  tally::ClientOptions options = site.options(site.nginx.https());
  options.curl.http_version = HttpVersion::http2;
  int connections = 0;
  options.curl.trace = [&](std::string_view line) {
    connections += line.substr(0, 12) == "Connected to";
  };
  const tally::Client client = open(std::move(options));
  for (int i = 0; i < 20; ++i) client.chat_start(three_rivers());
  int ended = 0;
  tally::Event event;
  for (int i = 0; i < 2000 && ended < 20; ++i) {
    REQUIRE(client.wait(std::chrono::milliseconds(100)));
    while (client.next_event(event)) {
      if (!event.completion) continue;
      check_whole(*event.completion);
      ++ended;
    }
  }
  CHECK(ended == 20);
  CHECK(connections == 1);
}

TEST_CASE("nginx: an unknown CA, a wrong host name and an expired certificate are refused, free") {
  const Site site;
  struct Row {
    std::string name;
    std::string url;
    std::string ca;
  };
  const std::vector<Row> rows = {
      {"the system's CAs", site.nginx.https(), ""},
      {"another CA", site.nginx.https(), site.nginx.folder / "stranger.pem"},
      {"wrong host name", site.nginx.misnamed(), site.nginx.ca()},
      {"expired", site.nginx.expired(), site.nginx.ca()},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    tally::ClientOptions options = site.options(row.url);
    options.curl.ca_file = row.ca;
    options.retries.most = 2;
    const tally::Client client = open(std::move(options));
    const tally::Completion completion = client.chat(three_rivers());
    check_free(completion, ErrorKind::tls);
    CHECK(completion.receipt.attempts.size() == 1);  // It will not be trusted the next time either.
    const auto warm = client.warm_up(std::chrono::seconds(20));
    REQUIRE_FALSE(warm);
    CHECK(warm.error().kind == ErrorKind::tls);
  }
  CHECK(site.provider.served().requests == 0);
}

TEST_CASE("nginx: a client certificate is shown where the server asks for one") {
  const Site site;
  tally::ClientOptions options = site.options(site.nginx.asking());
  const tally::Completion without = open(options).chat(three_rivers());
  REQUIRE_FALSE(without.reply);
  CHECK(without.reply.error().http_status == 400);
  CHECK(without.receipt.state == BillState::not_billed);
  options.curl.client_certificate = site.nginx.client_certificate();
  options.curl.client_key = site.nginx.client_key();
  check_whole(streamed(open(std::move(options))));
}

TEST_CASE("nginx: an answer that is held back and compressed gives the same text and bill") {
  const Site site;
  for (const bool compression : {true, false}) {
    tally::ClientOptions options = site.options(site.nginx.squeezing());
    options.curl.compression = compression;
    std::string trace;
    options.curl.trace = [&trace](std::string_view line) { trace.append(line).append("\n"); };
    const tally::Client client = open(std::move(options));
    check_whole(streamed(client));
    check_whole(client.chat(three_rivers()));
    const bool was_compressed = trace.find("Content-Encoding: gzip") != std::string::npos;
    CHECK(was_compressed == compression);
  }
}

TEST_CASE("nginx: its HTML pages are errors by status, with nothing parsed") {
  const Site site;
  tally::ChatRequest long_request = three_rivers();
  long_request.messages = {tally::user(std::string(5000, 'a'))};
  const auto ask = [&](const std::string& path, const tally::ChatRequest& request) {
    return open(site.options(site.nginx.faulty() + path)).chat(request);
  };
  const tally::Completion bad_gateway = ask("/502", three_rivers());
  REQUIRE_FALSE(bad_gateway.reply);
  CHECK(bad_gateway.reply.error().kind == ErrorKind::server);
  CHECK(bad_gateway.reply.error().http_status == 502);
  CHECK(bad_gateway.receipt.state == BillState::estimated);

  const tally::Completion too_large = ask("/413", long_request);
  check_free(too_large, ErrorKind::invalid_request);
  CHECK(too_large.reply.error().http_status == 413);

  check_whole(ask("/429", three_rivers()));
  const tally::Completion limited = ask("/429", three_rivers());
  check_free(limited, ErrorKind::rate_limited);
  CHECK(limited.reply.error().retry_may_help);

  const std::size_t before = site.provider.served().requests;
  const tally::Completion redirected = ask("/307", three_rivers());
  REQUIRE_FALSE(redirected.reply);
  CHECK(redirected.reply.error().http_status == 307);
  CHECK(redirected.reply.error().message.find("http://elsewhere.example:8080/") !=
        std::string::npos);
  CHECK_FALSE(redirected.reply.error().charge_possible);
  CHECK(site.provider.served().requests == before);
}

TEST_CASE("nginx: a server whose process stands still is left by a clock, with an estimated bill") {
  const Site site;
  tally::ClientOptions options = site.options(site.nginx.https(), "delay_ms=20");
  options.clocks.payload_idle = std::chrono::milliseconds(300);
  options.clocks.first_byte = std::chrono::milliseconds(300);
  options.retries.most = 0;
  const tally::Client client = open(std::move(options));

  tally::Stream stream = client.stream(three_rivers());
  REQUIRE(stream.next());
  site.nginx.process().stand_still();
  const tally::Completion cut = stream.finish();
  REQUIRE_FALSE(cut.reply);
  CHECK(cut.reply.error().kind == ErrorKind::timeout);
  CHECK(cut.reply.error().charge_possible);
  CHECK(cut.receipt.state == BillState::estimated);
  CHECK(total_of(cut.receipt) != "0");

  // The system takes its connection, and nobody answers.
  const tally::Completion unheard = client.chat(three_rivers());
  REQUIRE_FALSE(unheard.reply);
  CHECK(unheard.reply.error().kind == ErrorKind::timeout);

  site.nginx.process().go_on();
  check_whole(client.chat(three_rivers()));
}

TEST_CASE("nginx: a unix socket stands for the address, and resolve for the name lookup") {
  const Site site;
  tally::ClientOptions options = site.options("http://chat.invalid");
  options.curl.unix_socket = site.nginx.socket();
  check_whole(streamed(open(std::move(options))));
  options = site.options(site.provider.url());
  const std::string port = std::to_string(site.provider.port());
  options.base_url = "http://chat.invalid:" + port;
  check_free(open(options).chat(three_rivers()), ErrorKind::connection);
  options.curl.resolve = {"chat.invalid:" + port + ":127.0.0.1"};
  check_whole(streamed(open(std::move(options))));
}

TEST_CASE("nginx: a second TLS connection finds the CA file parsed") {
  const std::string system_file = tally::curl_ca_file();
  const std::string system_roots = faults::read_file(system_file);
  if (system_roots.size() < 100'000) {
    MESSAGE("not measured: no CA file of the system's at '", system_file, "'");
    return;
  }
  const Site site;
  tally::ClientOptions options = site.options(site.nginx.closing());
  options.curl.ca_file =
      site.nginx.folder.write("roots.pem", system_roots + faults::read_file(site.nginx.ca()));
  const tally::Client client = open(std::move(options));
  const double first = worst_poll(client);
  double best = first;
  for (int i = 0; i < 5; ++i) best = std::min(best, worst_poll(client));
  MESSAGE("most CPU in one poll: first TLS connection ", first, " us, later ones ", best, " us");
  CHECK(best * 3 < first);
}

TEST_CASE("nginx: the key stands in no output, over HTTP/2 and TLS") {
  const Site site;
  Outputs outputs;
  for (const char* script : {"", "status=401", "cut_after=3", "html"}) {
    tally::ClientOptions options = site.options(site.nginx.https(), script);
    options.curl.http_version = HttpVersion::http2;
    outputs.listen_to(options);
    const tally::Client client = open(std::move(options));
    outputs.add(client.chat(three_rivers()));
    outputs.add(streamed(client));
  }
  outputs.add_ledger_rows();
  for (const std::string& found : outputs.holding(key)) FAIL_CHECK(found);
  CHECK_FALSE(outputs.holding("HTTP/2 200").empty());  // The traces are those of HTTP/2.
  CHECK_FALSE(outputs.holding("[redacted]").empty());  // The header was there to be taken out.
}

namespace {

/// tinyproxy that asks for a name and a password.
struct Tinyproxy {
  explicit Tinyproxy(int tls_port)
      : process({TALLY_TINYPROXY, "-d", "-c",
                 folder.write("tinyproxy.conf", "Port " + std::to_string(port) +
                                                    "\nListen 127.0.0.1\nAllow 127.0.0.1\n"
                                                    "Timeout 600\nBasicAuth player secret-5f1d\n"
                                                    "ConnectPort " +
                                                    std::to_string(tls_port) + "\n")},
                folder / "log") {
    REQUIRE(faults::accepts(port));
  }

  void use(tally::ClientOptions& options, const std::string& password) const {
    options.curl.proxy = "http://127.0.0.1:" + std::to_string(port);
    options.curl.proxy_user = "player";
    options.curl.proxy_password = password;
  }

  faults::TempFolder folder;
  int port = faults::free_port();
  faults::Process process;
};

}  // namespace

TEST_CASE("tinyproxy: plain HTTP and a tunnel, with a password; a wrong one is not billed") {
  const Site site;
  const Tinyproxy proxy(site.nginx.https_port);
  Outputs outputs;
  for (const std::string& url : {site.provider.url(), site.nginx.https()}) {
    for (const HttpVersion version : {HttpVersion::http1, HttpVersion::http2}) {
      CAPTURE(url);
      tally::ClientOptions options = site.options(url);
      options.curl.http_version = version;
      outputs.listen_to(options);
      proxy.use(options, "secret-5f1d");
      // A client for each: tinyproxy closes its connections without a word, and a call that finds
      // that out is one more attempt.
      const tally::Completion document = open(options).chat(three_rivers());
      check_whole(document);
      check_whole(streamed(open(options)));
      outputs.add(document);

      const std::size_t before = site.provider.served().requests;
      proxy.use(options, "wrong-5f1d");
      const tally::Completion refused = open(std::move(options)).chat(three_rivers());
      REQUIRE_FALSE(refused.reply);
      CHECK(refused.receipt.state == BillState::not_billed);
      outputs.add(refused);
      CHECK(site.provider.served().requests == before);
    }
  }
  outputs.add_ledger_rows();
  // Neither the key nor the proxy's password, as it is or in base64 ("player:secret-5f1d").
  for (const char* secret : {key, "secret-5f1d", "wrong-5f1d", "cGxheWVyOnNlY3JldC01ZjFk"}) {
    for (const std::string& found : outputs.holding(secret)) FAIL_CHECK(found);
  }
  CHECK_FALSE(outputs.holding("CONNECT localhost:").empty());
}

TEST_CASE("tinyproxy: a proxy that is down is no connection, and not billed") {
  const Site site;
  tally::ClientOptions options = site.options(site.nginx.https());
  options.curl.proxy = "http://127.0.0.1:" + std::to_string(faults::free_port());
  check_free(open(std::move(options)).chat(three_rivers()), ErrorKind::connection);
}

TEST_CASE("microsocks: a stream through SOCKS5 with a password; a wrong one is not billed") {
  const LoopbackProvider provider;
  const faults::TempFolder folder;
  const int port = faults::free_port();
  const faults::Process socks({TALLY_MICROSOCKS, "-i", "127.0.0.1", "-p", std::to_string(port),
                               "-u", "player", "-P", "secret-5f1d"},
                              folder / "log");
  REQUIRE(faults::accepts(port));
  Outputs outputs;
  for (const char* scheme : {"socks5://127.0.0.1:", "socks5h://127.0.0.1:"}) {
    tally::ClientOptions options = options_for(provider);
    outputs.listen_to(options);
    options.curl.proxy = scheme + std::to_string(port);
    options.curl.proxy_user = "player";
    options.curl.proxy_password = "secret-5f1d";
    check_whole(streamed(open(options)));
    options.curl.proxy_password = "wrong-5f1d";
    const tally::Completion refused = open(std::move(options)).chat(three_rivers());
    check_free(refused, ErrorKind::connection);
    outputs.add(refused);
  }
  CHECK(provider.served().chats == 2);
  for (const char* secret : {key, "secret-5f1d", "wrong-5f1d"}) {
    for (const std::string& found : outputs.holding(secret)) FAIL_CHECK(found);
  }
}
