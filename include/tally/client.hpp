// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/advice.hpp"
#include "tally/chat.hpp"
#include "tally/estimate.hpp"
#include "tally/fim.hpp"
#include "tally/ledger.hpp"
#include "tally/loop.hpp"
#include "tally/models.hpp"
#include "tally/pricing.hpp"
#include "tally/provider.hpp"
#include "tally/receipt.hpp"
#include "tally/snapshot.hpp"
#include "tally/stream.hpp"
#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// How long each stage of a call may take. 0 switches a clock off. Plain data.
struct Clocks {
  std::chrono::milliseconds connect{10'000};
  /// From the connection to the first byte of payload. DeepSeek queues a request for up to 10
  /// minutes and sends only comments or blank lines meanwhile; they do not count.
  std::chrono::milliseconds first_byte{660'000};
  /// Between two pieces of payload. Comments and blank lines do not count as payload.
  std::chrono::milliseconds payload_idle{120'000};
  std::chrono::milliseconds total{0};
  /// How long the ledger may take to take a row: before the call is sent, and again with its bill.
  std::chrono::milliseconds ledger{10'000};
};

/// Whether and when a failed attempt is made again: 408, 409, 429, 500, 502, 503, 504, a connection
/// that could not be made or that broke; never once a byte of an answer's payload has come. Plain
/// data.
struct Retries {
  int most = 2;                                ///< Further attempts; 0: none.
  std::chrono::milliseconds first_delay{500};  ///< Doubles with each attempt; the wait is a random
                                               ///< part of it (full jitter).
  std::chrono::milliseconds longest_delay{8'000};
  /// No attempt begins later than this after the call began. A `Retry-After` is kept to; one that
  /// asks for more than this ends the call with the server's error.
  std::chrono::milliseconds within{120'000};
};

/// Told before each wait for another attempt. Plain data.
struct RetryNotice {
  std::uint64_t call = 0;  ///< Of a started call; 0 for others.
  std::string call_id{};
  int failed_attempt = 1;
  Error error{};  ///< Why that one failed.
  std::chrono::milliseconds delay{0};
};

/// Told after each attempt: enough for traces and metrics. Plain data.
struct AttemptReport {
  std::string call_id{};
  std::string provider{};
  std::string model{};  ///< As requested.
  Attempt attempt;      // No {}: compiling it is as dear as a hundredth of all the std headers.
  TransferTimes times{};
  std::optional<std::chrono::microseconds> first_token{};  ///< Since the attempt began.
  std::optional<std::chrono::microseconds> last_token{};
  std::optional<ErrorKind> error{};
  std::string finish_reason{};
  std::string response_id{};
  Labels labels{};
};

/// Functions of the host's. Called on the thread that drives the call, outside of any library's
/// frame and with no lock held: they may use the client. They must not throw.
struct Hooks {
  std::function<void(const RetryNotice&)> on_retry{};
  std::function<void(const AttemptReport&)> on_attempt{};
  std::function<void(const BudgetNotice&)> on_budget{};
};

/// Ends a call from elsewhere: copies share one flag. May be shared by threads.
class TALLY_API CancelToken {
 public:
  CancelToken();
  /// Ends every call that was given this token; those still to start end at once. Returns
  /// immediately.
  void cancel() const;
  bool cancelled() const;

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

/// What a client is opened with. Plain data; each field has a default but the key.
struct ClientOptions {
  std::string api_key{};
  std::string base_url = "https://api.deepseek.com";
  /// Whose prices and dialect apply. Empty: told by `base_url`, and only cards of that host price.
  /// Set it where a proxy stands before a provider: `deepseek` then means "billed as DeepSeek".
  std::string provider{};
  std::optional<KeyHeader> key_header{};  ///< Absent: as the provider's preset has it.
  Currency currency = usd;                ///< What the account pays in.
  std::optional<PriceCatalog> prices{};   ///< Absent: `PriceCatalog::builtin()`, read at first use.
  BillingInstant billing_instant = BillingInstant::by_catalog;
  std::optional<Ledger> ledger{};  ///< Absent: attempts are in receipts only.
  Clocks clocks{};
  Limits limits{};
  HttpHeaders headers{};     ///< Sent with every request.
  std::string user_agent{};  ///< Put before tally's own.
  CurlOptions curl{};
  TransportFactory transport{};          ///< Empty: libcurl, with `curl`.
  std::shared_ptr<const Clock> clock{};  ///< Null: the system's.
  Retries retries{};
  Hooks hooks{};
  /// Gives the key anew for each attempt, instead of `api_key`. Called while a call is being sent:
  /// it must not use the client. An empty answer fails the attempt as `authentication`.
  std::function<std::string()> token{};
  /// A loop of the host's that drives the started calls; empty: `poll` and `wait` do.
  HostLoop loop{};
};

/// `api_key` from DEEPSEEK_API_KEY and, where set, `base_url` from DEEPSEEK_BASE_URL; `provider` is
/// `deepseek`, also where the URL is a proxy's. Nothing else reads the environment, but for the
/// function of the same name below.
TALLY_API ClientOptions options_from_environment();

/// `base_url` and `provider` of a preset (`find_preset`). A URL with a part in braces is to be
/// filled in: `open` refuses it as it stands. `invalid_argument` where there is no such preset.
TALLY_API Result<ClientOptions> options_for(std::string_view preset_id);

/// As `options_for`, with `api_key` from the preset's `key_variable`, where it is set. For
/// `deepseek` the same as `options_from_environment()`.
TALLY_API Result<ClientOptions> options_from_environment(std::string_view preset_id);

/// What is not for the server: everything about one call but its request. Plain data.
struct CallOptions {
  Labels labels{};          ///< Kept in the ledger.
  std::uint64_t group = 0;  ///< Level, scene, plugin: what `cancel_group` ends together.
  std::optional<Clocks> clocks{};
  std::optional<CancelToken> cancel{};
  std::optional<Ledger> ledger{};  ///< Instead of the client's.
  std::optional<Retries> retries{};
};

/// Names a started call. Never reused within a client. 0 is none.
using CallId = std::uint64_t;

/// Something that happened to a started call. `delta` until there is a `completion`, which is the
/// last.
struct Event {
  CallId call = 0;
  Delta delta;  ///< Its views live until the next `next_event` or `poll`.
  std::optional<Completion> completion;
};

struct PollResult {
  std::size_t events_ready = 0;
  std::size_t calls_in_flight = 0;
};

/// What `Client::resume` does with started calls that had been sent.
enum class OnResume {
  go_on,  ///< They are read on; their clocks leave the pause out.
  /// Their connections count as broken: one without a payload yet is made again, as `Retries` say;
  /// the others end as cut, with what had come.
  reconnect,
};

/// Called with each delta of a waiting call, on the caller's thread, outside of any library's
/// frame: it may use the client, and may throw.
using OnDelta = std::function<Flow(const Delta&)>;

/// A chat-completions client. A handle: cheap to copy, and may be shared by threads:
/// - `chat` and `stream` from any number of threads at once;
/// - `poll`, `wait`, `drive_socket`, `drive_timer` and `next_event` from one thread at a time (a
///   second one gets `busy`);
/// - `chat_start`, `cancel`, `cancel_group`, `wakeup`, `snapshot` and `shutdown` from any thread,
/// at
///   any time.
/// It starts no thread, prints nothing, and calls nobody but on the thread that called it.
///
/// The last copy going away is `shutdown(0)`: streams that are still open end as cancelled and stay
/// readable.
class TALLY_API Client {
 public:
  static Result<Client> open(ClientOptions options);

  /// Asks and waits for the whole answer. Nothing is handed over before the end.
  Completion chat(const ChatRequest& request, const CallOptions& options = {}) const;

  /// Asks, hands over each delta as it comes, and waits for the end. `Flow::stop` ends the
  /// transfer.
  Completion chat(const ChatRequest& request, const OnDelta& on_delta,
                  const CallOptions& options = {}) const;

  /// Asks for an answer that is read in a loop.
  Stream stream(const ChatRequest& request, const CallOptions& options = {}) const;

  /// Starts a call that `poll` drives and whose events `next_event` hands out. Also a call that
  /// cannot begin has an id and ends with a completion event, so that no receipt is lost. 0 only in
  /// the child of a fork.
  CallId chat_start(const ChatRequest& request, const CallOptions& options = {}) const;

  /// Has a hole in a text filled in: as `chat`, `stream` and `chat_start` in everything, with the
  /// bill, the ledger and the budgets.
  Completion fim(const FimRequest& request, const CallOptions& options = {}) const;
  Completion fim(const FimRequest& request, const OnDelta& on_delta,
                 const CallOptions& options = {}) const;
  Stream stream(const FimRequest& request, const CallOptions& options = {}) const;
  CallId fim_start(const FimRequest& request, const CallOptions& options = {}) const;

  /// Does what can be done for the started calls within `time_budget`, and never waits. Once a
  /// frame.
  Result<PollResult> poll(
      std::chrono::microseconds time_budget = std::chrono::milliseconds(1)) const;

  /// As `poll`, but waits up to `timeout` for an event or for `wakeup`, also while nothing is in
  /// flight: a thread of the host's may live in it, while others start calls. For programs without
  /// frames.
  Result<PollResult> wait(std::chrono::milliseconds timeout) const;

  /// Ends the `wait` that is under way, or the next one. From any thread.
  void wakeup() const;

  /// What the host's loop saw of a socket that `HostLoop::on_socket` named. Never waits. Pull the
  /// events after it.
  Result<PollResult> drive_socket(SocketHandle socket, SocketReady ready) const;

  /// The time that `HostLoop::on_timer` asked for has passed. Never waits. Pull the events after
  /// it.
  Result<PollResult> drive_timer() const;

  /// The next event of the started calls, in the order of each call. False: none is there now.
  bool next_event(Event& event) const;

  /// Ends a started call; its completion event (kind `cancelled`) is the only one still to come.
  /// False: that id is not in flight.
  bool cancel(CallId call) const;

  /// Ends all started calls of that group (`CallOptions::group`); how many there were. From any
  /// thread.
  std::size_t cancel_group(std::uint64_t group) const;

  /// Ends everything: calls get until `deadline` from now to finish by themselves, then they are
  /// cancelled. Returns by then. New calls fail with `closed`.
  void shutdown(std::chrono::milliseconds deadline) const;

  /// The program goes to the background, or the machine to sleep: until `resume` nothing of the
  /// started calls is read, sent or timed, and new ones wait. What has come can be pulled. Blocking
  /// calls and streams go on.
  void suspend() const;

  /// Goes on after `suspend`; without one it does nothing. Connections that lay idle are not used
  /// again.
  void resume(OnResume what = OnResume::go_on) const;

  /// Where the client stands, for an overlay. Allocates nothing, and waits for nobody's network.
  Snapshot snapshot() const;

  const PriceCatalog& prices() const;

  /// What `request` would take and cost, sent now: an estimate. Sends nothing.
  Estimate estimate(const ChatRequest& request, const CallOptions& options = {}) const;
  Estimate estimate(const FimRequest& request, const CallOptions& options = {}) const;

  /// `check_request` for this client's provider. Sends nothing.
  std::vector<Advice> advise(const ChatRequest& request) const;

  /// Connects ahead (name, TCP, TLS, the CA file), so that no frame and no first call pays for it:
  /// asks for the list of models, which costs nothing, once for the started calls and once for
  /// those that wait. Waits up to `timeout`: for a loading screen.
  Result<void> warm_up(std::chrono::milliseconds timeout) const;

  /// What is left on the account (`GET /user/balance`), as the provider says; it may lag by
  /// minutes. Waits up to `timeout`. Errors are those of calls. The client's ledger, where there is
  /// one, records the answer for `Ledger::reconcile`.
  Result<Balance> balance(std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

  /// What the server says it serves (`GET /models`). Waits up to `timeout`. Errors are those of
  /// calls.
  Result<std::vector<ServedModel>> models(
      std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

  class Core;

 private:
  struct Handle;
  explicit Client(std::shared_ptr<Handle> handle);
  std::shared_ptr<Handle> handle_;
};

}  // namespace TALLY_ABI
}  // namespace tally
