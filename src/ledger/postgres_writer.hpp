// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ledger/postgres_connection.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Sends writes over one connection, in libpq's pipeline mode, and keeps each until the server has
/// committed it: what a lost connection leaves unanswered is asked anew. Writes that come while a
/// transaction is under way go together in the next one. Nothing here waits but `open`, `close` and
/// a `pump` that may ask for names. One thread at a time.
class PostgresWriter {
 public:
  using SteadyPoint = std::chrono::steady_clock::time_point;
  using Names = PostgresConnection::Names;

  /// `owner`: the key of the advisory lock that says this client lives.
  PostgresWriter(const std::string& conninfo, std::int64_t owner)
      : connection_(conninfo), owner_(owner) {}

  /// Connects and takes the lock, waiting.
  Result<void> open();

  void submit(std::vector<LedgerWrite> batch);
  /// Does what can be done now; begins nothing new after `until`. `ask`: waits for the name
  /// service, where a lost connection may have to be made to another address.
  void pump(SteadyPoint until, Names names);
  std::vector<LedgerDone> take_done() { return std::exchange(done_, {}); }
  bool has_done() const { return !done_.empty(); }

  /// What to wait for: a socket (-1: none), whether also until it can be written to, and how long
  /// at most.
  struct Wait {
    int socket = -1;
    bool also_writable = false;
    std::chrono::milliseconds most{};
  };
  Wait wait() const;
  std::string waiting_for() const;

  /// Stores what is left, as long as the server is there and `until` has not come, and gives the
  /// lock back: only then a later recovery knows at once that this client is gone.
  void close(SteadyPoint until);

  /// Answers everything that is not done with that error, and lets go of the connection, which is
  /// a forked parent's.
  void give_up(const Error& why);

 private:
  enum class Phase { down, connecting, preparing, ready };
  struct Queued {
    LedgerWrite write;
    bool alone = false;     ///< Its last transaction failed; in one by itself only it can.
    bool was_sent = false;  ///< Over a connection that broke before the answer.
    int conflicts = 0;
  };
  struct Expected {
    enum class Kind { statement, owner_lock, write, sync } kind;
    std::size_t index = 0;  ///< write: in `under_way_`.
  };

  void connect(Names names);
  void step_connection();
  void wait_for_socket() const;
  void read_results();
  void take_result(const PGresult* result);
  void end_transaction();
  void ask_anew(PostgresTrouble trouble);
  void lost(const std::string& words);
  std::chrono::milliseconds next_pause();
  void refuse_old_reserves();

  // postgres_transaction.cpp
  bool send_settings();
  void send_transaction(SteadyPoint until);
  bool send_write(const Queued& queued);
  bool send_price(const LedgerRow& row);
  bool send_owner_lock();
  bool send_locks();
  bool send_sync();
  bool expect(bool was_sent, Expected what);

  PostgresConnection connection_;
  const std::int64_t owner_;
  bool is_locked_ = false;
  Phase phase_ = Phase::down;
  PostgresPollingStatusType connecting_ = PGRES_POLLING_WRITING;
  bool flush_is_left_ = false;

  std::deque<Queued> queue_;
  std::deque<Queued> under_way_;  ///< Of the transaction that was sent.
  std::vector<std::string> answers_;
  std::deque<Expected> expected_;
  std::string failed_state_;  ///< SQLSTATE of its first failure.
  std::string failed_words_;
  bool has_failed_ = false;
  std::vector<LedgerDone> done_;

  std::unordered_set<std::string> known_prices_;  ///< Of this session, by hash.
  std::vector<std::string> new_prices_;           ///< In the transaction under way.

  std::string last_trouble_;  ///< Empty: none since the last transaction that went well.
  SteadyPoint trouble_since_{};
  SteadyPoint next_try_{};
  int tries_ = 0;
  int tries_at_known_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
