// SPDX-License-Identifier: MIT
#include "fault_cell.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "fault_proxy.hpp"
#include "integration/loopback_client.hpp"
#include "slow_names.hpp"

namespace faults {
namespace {

using namespace std::chrono_literals;
using tally::BillState;

// Clocks that are not to run out, however busy the machine is; and the one that is.
constexpr std::chrono::milliseconds ample = 20s;
constexpr std::chrono::milliseconds brief = 400ms;
// Runs from the call's beginning, and the bytes before the trouble have to pass in it.
constexpr std::chrono::milliseconds brief_total = 900ms;
// More than the kernel takes of a request that nobody reads.
constexpr std::size_t large_request = 8u << 20;
// 18 * 0.15 / 10^6 + 9 * 0.60 / 10^6 dollars.
constexpr std::string_view settled_total = "0.0000081";

constexpr const char* unavailable =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Content-Length: 41\r\n\r\n{\"error\":{\"message\":\"busy\",\"code\":\"503\"}}";
constexpr const char* unavailable_and_closed =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Connection: close\r\n\r\n{\"error\":{\"message\":\"busy\"}}";

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// ---- The proxy's part.

Place place_of(const Row& row, Face face) {
  const bool is_document = face == Face::chat;
  switch (row.stage) {
    case Stage::tls:
      return {{}, {}, 100};
    case Stage::upload:
      // Where the request gets through in the end it is a small one.
      return {{}, {}, row.fault == Fault::slice || row.fault == Fault::slow ? 50u : 65536u};
    case Stage::status_line:
      return {{}, {}, 5};
    case Stage::headers:
      return {"\r\n", {}, row.fault == Fault::wrong_content ? 0u : 10u};
    case Stage::before_payload:
      return {"\r\n\r\n", {}, 0};
    case Stage::first_byte:
      return {is_document ? "\r\n\r\n" : "data: ", {}, 1};
    case Stage::mid_event:
      return {" Nile", {}, 0};
    case Stage::between_events:
      return {" Nile", "\n\n\r\n", 0};
    case Stage::after_finish:
      return {"\"finish_reason\":\"stop\"", "\n\n\r\n", 0};
    default:
      return {};
  }
}

Side side_of(const Row& row) {
  if (row.stage == Stage::connect) return Side::accept;
  return row.stage == Stage::tls || row.stage == Stage::upload ? Side::request : Side::answer;
}

Trouble trouble_of(const Row& row) {
  switch (row.fault) {
    case Fault::cut:
      return Trouble::close;
    case Fault::reset:
      return Trouble::reset;
    case Fault::black_hole:
      return Trouble::swallow;
    case Fault::slow:
      return Trouble::slow;
    case Fault::slice:
      return Trouble::slice;
    case Fault::wrong_content:
    case Fault::server_error:
      if (*row.says == '\0') return Trouble::none;
      return row.stage == Stage::headers ? Trouble::slice : Trouble::close;
    default:
      return Trouble::stall;
  }
}

std::string as_last_chunk(std::string_view event) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", event.size());
  return size + std::string(event) + "\r\n0\r\n\r\n";
}

ProxyScript back_off_script(const Row& row) {
  ProxyScript script;
  if (holds(row.words, "status=503")) return script;
  ConnectionScript first;
  first.answers = true;
  first.says = unavailable;
  switch (row.fault) {
    case Fault::refuse:
      first.says = unavailable_and_closed;
      first.trouble = Trouble::close;
      script.shuts_after = 1;
      break;
    case Fault::stall:
      first.says = unavailable_and_closed;
      first.trouble = Trouble::close;
      script.rest.side = Side::accept;
      script.rest.trouble = Trouble::stall;
      break;
    default:
      first.trouble = trouble_of(row);
  }
  script.connections = {first};
  return script;
}

ProxyScript script_of(const Row& row, Face face) {
  ProxyScript script;
  if (row.stage == Stage::dns || row.which == Which::none) return script;
  if (row.stage == Stage::back_off) return back_off_script(row);
  if (row.stage == Stage::connect) {
    const bool is_deaf =
        row.fault == Fault::black_hole || row.fault == Fault::cancel || row.fault == Fault::clock;
    if (is_deaf) script.door = Door::deaf;
    if (row.fault == Fault::refuse) script.door = Door::refusing;
  }
  ConnectionScript troubled;
  troubled.trouble = trouble_of(row);
  troubled.side = side_of(row);
  troubled.place = place_of(row, face);
  troubled.says = row.stage == Stage::after_finish && *row.says != '\0' ? as_last_chunk(row.says)
                                                                        : std::string(row.says);
  troubled.answers =
      *row.says != '\0' && (row.stage == Stage::status_line || row.stage == Stage::before_payload);
  script.rest.small_window = troubled.small_window = row.stage == Stage::upload;
  if (row.which == Which::first) {
    script.connections = {troubled};
  } else {
    script.rest = troubled;
  }
  return script;
}

// ---- The client's part.

tally::Clocks clocks_of(const Row& row) {
  tally::Clocks clocks;
  clocks.connect = clocks.first_byte = clocks.payload_idle = ample;
  if (row.fault == Fault::clock) clocks.total = brief_total;
  if (row.fault != Fault::stall && row.fault != Fault::black_hole) return clocks;
  if (row.ends == "timeout connect") clocks.connect = brief;
  if (row.ends == "timeout first_byte") clocks.first_byte = brief;
  if (row.stage >= Stage::first_byte && row.stage < Stage::back_off) clocks.payload_idle = brief;
  return clocks;
}

tally::ClientOptions options_of(const Cell& cell, const loopback::LoopbackProvider& provider,
                                int port) {
  const Row& row = cell.row;
  tally::ClientOptions options = integration::options_for(provider);
  const std::string port_text = std::to_string(port);
  std::string host = "127.0.0.1";
  if (row.stage == Stage::dns) {
    const bool is_given = std::string_view(row.words) == "resolve";
    host = (is_given ? "nobody" : row.words) + ("." + std::to_string(cell.number)) + ".invalid";
    if (is_given) options.curl.resolve = {host + ":" + port_text + ":127.0.0.1"};
  }
  options.base_url = (row.stage == Stage::tls ? "https://" : "http://") + host + ":" + port_text;
  options.clocks = clocks_of(row);
  options.retries.most = 1;
  options.retries.first_delay = 1ms;
  options.headers = {{"x-cell", std::to_string(cell.number)}};
  if (row.stage != Stage::dns && *row.words != '\0') {
    options.headers.emplace_back("x-loopback-script", row.words);
  }
  options.ledger = tally::Ledger::in_memory();
  return options;
}

tally::ChatRequest request_of(const Row& row) {
  tally::ChatRequest request = integration::three_rivers();
  if (row.stage == Stage::upload && place_of(row, Face::chat).more > 50) {
    request.messages.push_back(tally::user(std::string(large_request, 'x')));
  }
  return request;
}

// ---- One call.

struct Played {
  tally::Completion completion;
  std::string handed_over;  // Text, delta by delta.
};

class Player {
 public:
  Player(const Cell& cell, const loopback::LoopbackProvider& provider)
      : cell_(cell),
        proxy_(provider.port(), script_of(cell.row, cell.face)),
        options_(options_of(cell, provider, proxy_.port())) {
    options_.hooks.on_retry = [this](const tally::RetryNotice&) { waits_for_retry_ = true; };
  }

  Played play() {
    const tally::Client client = integration::open(options_);
    begun_at_ = std::chrono::steady_clock::now();
    if (cell_.face == Face::poll) return polled(client);
    tally::CallOptions call;
    call.cancel.emplace();
    std::atomic<bool> ended{false};
    std::thread canceller([&, token = *call.cancel] {
      while (!ended && !should_cancel()) std::this_thread::sleep_for(2ms);
      if (!ended) token.cancel();
    });
    Played played = cell_.face == Face::chat ? asked(client, call) : streamed(client, call);
    ended = true;
    canceller.join();
    return played;
  }

  const FaultProxy& proxy() const { return proxy_; }
  const tally::Ledger& ledger() const { return *options_.ledger; }

 private:
  Played asked(const tally::Client& client, const tally::CallOptions& call) {
    return {client.chat(request_of(cell_.row), call), {}};
  }

  Played streamed(const tally::Client& client, const tally::CallOptions& call) {
    tally::Stream stream = client.stream(request_of(cell_.row), call);
    std::string text;
    for (const tally::Delta& delta : stream) {
      text += delta.text;
      bytes_read_ = text.size();
    }
    return {stream.finish(), text};
  }

  Played polled(const tally::Client& client) {
    const tally::CallId id = client.chat_start(request_of(cell_.row));
    std::string text;
    bool is_cancelled = false;
    for (tally::Event event;;) {
      (void)client.wait(5ms);
      while (client.next_event(event)) {
        if (event.completion) return {*std::move(event.completion), text};
        text += event.delta.text;
        bytes_read_ = text.size();
      }
      if (!is_cancelled && should_cancel()) is_cancelled = client.cancel(id);
    }
  }

  // Once the trouble is there, and everything before it was read.
  bool should_cancel() const {
    const Row& row = cell_.row;
    if (row.fault != Fault::cancel) return false;
    if (row.stage == Stage::dns) return lookups_of(cell_.number) > 0;
    if (row.stage == Stage::connect) return std::chrono::steady_clock::now() > begun_at_ + 60ms;
    if (row.stage == Stage::back_off) return waits_for_retry_;
    return proxy_.journal().reached && (cell_.face == Face::chat || bytes_read_ >= row.text.size());
  }

  const Cell& cell_;
  FaultProxy proxy_;
  tally::ClientOptions options_;
  std::chrono::steady_clock::time_point begun_at_;
  std::atomic<bool> waits_for_retry_{false};
  std::atomic<std::size_t> bytes_read_{0};
};

// ---- What has to hold.

class Verdict {
 public:
  Verdict(const Cell& cell, const Played& played, const Journal& journal)
      : row_(cell.row), cell_(cell), played_(played), journal_(journal) {}

  std::vector<std::string> faults() && {
    check_end();
    check_attempts();
    check_bytes();
    check_bill();
    for (const tally::Attempt& attempt : receipt().attempts) check_attempt(attempt);
    return std::move(found_);
  }

 private:
  const tally::Receipt& receipt() const { return played_.completion.receipt; }

  void expect(bool holds, const std::string& what) {
    if (!holds) found_.push_back(what);
  }
  template <class A, class B>
  void expect_same(const A& found, const B& wanted, const std::string& what) {
    if (!(found == wanted)) found_.push_back(what + " is " + text(found) + ", not " + text(wanted));
  }
  static std::string text(std::string_view value) { return '"' + std::string(value) + '"'; }
  static std::string text(bool value) { return value ? "yes" : "no"; }
  static std::string text(std::uint64_t value) { return std::to_string(value); }

  std::string end() const {
    const auto& reply = played_.completion.reply;
    if (reply) return "ok";
    std::string out(to_string(reply.error().kind));
    if (reply.error().clock != tally::ClockKind::none) {
      out += ' ' + std::string(to_string(reply.error().clock));
    }
    return out;
  }

  void check_end() {
    const auto& reply = played_.completion.reply;
    expect_same(end(), row_.ends, "the end");
    const std::string& kept = reply ? reply->text() : reply.error().partial.text();
    expect_same(kept, row_.text, "the text");
    // A cancel drops what was not pulled yet.
    if (cell_.face != Face::chat && row_.fault != Fault::cancel) {
      expect_same(played_.handed_over, row_.text, "the text of the deltas");
    }
    if (reply) return;
    expect(!reply.error().message.empty(), "the error has no message");
    expect_same(reply.error().charge_possible, receipt().state != BillState::not_billed,
                "charge_possible");
  }

  void check_attempts() {
    const auto& attempts = receipt().attempts;
    expect_same(attempts.size(), static_cast<std::uint64_t>(row_.attempts), "attempts");
    expect_same(journal_.requests, static_cast<std::uint64_t>(row_.seen), "requests seen");
    expect_same(journal_.replays, std::uint64_t{0}, "requests after a payload");
    std::set<std::string> ids;
    std::size_t unseen = 0;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      ids.insert(attempts[i].attempt_id);
      expect_same(static_cast<std::uint64_t>(attempts[i].number), i + 1, "an attempt's number");
      unseen += attempts[i].state == BillState::not_billed;
    }
    expect_same(ids.size(), attempts.size(), "different attempt ids");
    expect(unseen + journal_.requests >= attempts.size(), "an attempt that nobody saw is billed");
  }

  // That the trouble was where the row says, by what the proxy passed on.
  void check_bytes() {
    if (*row_.says != '\0' || row_.stage == Stage::back_off) return;
    const bool ended_well = played_.completion.reply.has_value();
    expect_same(journal_.answer_bytes > 0, ended_well || row_.stage >= Stage::status_line,
                "bytes of an answer");
    expect_same(journal_.payload_passed, ended_well || row_.stage >= Stage::first_byte,
                "bytes of payload");
    expect_same(journal_.request_bytes > 0, row_.stage >= Stage::tls || ended_well,
                "bytes of a request");
  }

  bool is_expected_bill() const {
    const bool ended_well = played_.completion.reply.has_value();
    switch (row_.bill) {
      case Bill::is_free:
        return receipt().state == BillState::not_billed;
      case Bill::estimated:
        return receipt().state == BillState::estimated;
      case Bill::settled:
        return receipt().state == BillState::settled;
      case Bill::free_or_estimated:
        return receipt().state == BillState::estimated ||
               receipt().state == (ended_well ? BillState::settled : BillState::not_billed);
    }
    return false;
  }

  void check_bill() {
    expect(is_expected_bill(), "the bill is " + std::string(to_string(receipt().state)));
    expect(receipt().cost.total.has_value(), "the bill has no total");
    if (!receipt().cost.total) return;
    const bool is_zero = receipt().cost.total->amount.is_zero();
    expect_same(is_zero, receipt().state == BillState::not_billed, "a total of 0");
    if (receipt().state == BillState::settled) {
      expect_same(integration::total_of(receipt()), settled_total, "the total");
    }
  }

  void check_attempt(const tally::Attempt& attempt) {
    const tally::Cost& cost = attempt.cost;
    if (attempt.state == BillState::settled) {
      expect(attempt.usage.source == tally::UsageSource::provider,
             "settled by no provider's count");
    }
    if (attempt.http_status == 200 && *row_.says == '\0') {
      expect(!attempt.request_id.empty(), "the request id is lost");
    }
    if (attempt.state != BillState::estimated) return;
    expect(!attempt.reason.empty(), "an estimate without a reason");
    expect(cost.total && cost.bounds, "an estimate without bounds");
    if (!cost.total || !cost.bounds) return;
    expect(!cost.total->amount.is_zero(), "an estimate of 0");
    expect(!(cost.total->amount < cost.bounds->low.amount), "an estimate below its bounds");
    expect(!(cost.bounds->high.amount < cost.total->amount), "an estimate above its bounds");
  }

  const Row& row_;
  const Cell& cell_;
  const Played& played_;
  const Journal& journal_;
  std::vector<std::string> found_;
};

std::uint64_t requests_of(const Cell& cell, const loopback::LoopbackProvider& provider) {
  std::uint64_t count = 0;
  for (const auto& request : provider.received()) {
    for (const auto& [name, value] : request.headers) {
      count += name == "x-cell" && value == std::to_string(cell.number);
    }
  }
  return count;
}

}  // namespace

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const Row& row : fault_table()) {
    for (const Face face : {Face::chat, Face::stream, Face::poll}) {
      const bool is_streamed = face != Face::chat;
      if (row.faces == (is_streamed ? Faces::chat : Faces::streams)) continue;
      cells.push_back({row, face, static_cast<int>(cells.size()) + 1});
    }
  }
  return cells;
}

std::string name_of(const Cell& cell) {
  std::string name(to_string(cell.row.stage));
  name.append(" / ").append(to_string(cell.row.fault));
  if (!cell.row.detail.empty()) name.append(" (").append(cell.row.detail).append(")");
  return name.append(" / ").append(to_string(cell.face));
}

std::vector<std::string> play(const Cell& cell, const loopback::LoopbackProvider& provider) {
  Player player(cell, provider);
  const Played played = player.play();
  const Journal journal = player.proxy().journal();
  std::vector<std::string> faults = Verdict(cell, played, journal).faults();

  // The provider's own journal: a request that was passed on may still be on its way into it.
  std::uint64_t noted = requests_of(cell, provider);
  for (int i = 0; i < 2500 && noted < journal.forwarded; ++i) {
    std::this_thread::sleep_for(2ms);
    noted = requests_of(cell, provider);
  }
  if (noted != journal.forwarded) {
    faults.push_back("the provider has " + std::to_string(noted) + " requests, not " +
                     std::to_string(journal.forwarded));
  }
  const auto rows = player.ledger().rows();
  if (!rows || rows->size() != played.completion.receipt.attempts.size()) {
    faults.push_back("the ledger has not every attempt");
  }
  if (!faults.empty() && !played.completion.reply) {
    faults.push_back("message: " + played.completion.reply.error().message);
  }
  return faults;
}

}  // namespace faults
