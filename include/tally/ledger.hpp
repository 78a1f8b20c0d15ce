// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tally/pricing.hpp"
#include "tally/result.hpp"
#include "tally/time.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a call was for: `{"player", "p-117"}, {"npc", "smith"}`.
using Labels = std::map<std::string, std::string>;

/// One attempt as the ledger keeps it. Plain data.
struct LedgerRow {
  std::string attempt_id;  ///< The key: a UUIDv7 made before anything is sent.
  std::string call_id;
  int attempt_number = 1;
  int revision = 0;  ///< 0: reserved; grows with each settle.
  BillState state = BillState::reserved;
  std::string reason;
  std::string provider;
  std::string model_requested;
  std::string model_reported;
  Labels labels;
  Instant started{};
  std::optional<Instant> completed;
  Usage usage;
  Cost cost;
  int http_status = 0;
  std::string request_id;
  std::string response_id;
};

/// One thing a store is asked to do. Both kinds are idempotent: a reserve of a known attempt and a
/// settle of an older revision change nothing.
struct LedgerWrite {
  enum class Kind { reserve, settle };
  std::uint64_t ticket = 0;  ///< Chosen by the caller; comes back in `LedgerDone`.
  Kind kind = Kind::reserve;
  LedgerRow row;
};

struct LedgerDone {
  std::uint64_t ticket = 0;
  std::optional<Error> error;  ///< Absent: it is stored.
};

/// The seam below the ledger: asynchronous on purpose, so that no frame ever waits for a disk.
/// Implementations may be shared by threads, and call nobody back.
class TALLY_API LedgerStore {
 public:
  virtual ~LedgerStore() = default;

  /// Takes the writes and returns without waiting; nothing taken is ever dropped.
  virtual void submit(std::vector<LedgerWrite> batch) = 0;

  /// Moves out what is done since the last call; never waits. Every ticket comes exactly once.
  virtual std::vector<LedgerDone> collect() = 0;

  /// Waits up to `wait` until `collect` has something. For faces that may block.
  virtual void await(std::chrono::microseconds wait) = 0;

  /// A descriptor that is readable when `collect` has something; -1 if the store has none.
  virtual int descriptor() const { return -1; }

  /// The rows, oldest first.
  virtual Result<std::vector<LedgerRow>> rows() = 0;
};

/// Where attempts are recorded. A handle: cheap to copy; may be shared by threads.
class TALLY_API Ledger {
 public:
  /// Keeps rows in memory; they end with the last handle.
  static Ledger in_memory();
  /// Over a store of one's own.
  explicit Ledger(std::shared_ptr<LedgerStore> store);

  Result<std::vector<LedgerRow>> rows() const;

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace TALLY_ABI
}  // namespace tally
