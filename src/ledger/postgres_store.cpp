// SPDX-License-Identifier: MIT
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <random>
#include <utility>

#include "base/process.hpp"
#include "ledger/postgres_questions.hpp"
#include "ledger/postgres_writer.hpp"
#include "tally/postgres.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::steady_clock;

// So long a frame may be kept by writes that go out: what is left goes with the next one.
constexpr std::chrono::microseconds frame_share{400};

// So long the last handle waits for what was handed in, if the server answers at all.
constexpr std::chrono::seconds closing_patience{5};

Error forked() {
  return Error{ErrorKind::forked,
               "the process was forked after this ledger was opened; open it again in the child"};
}

/// Names this client among all others, as the advisory lock that it holds.
std::int64_t random_owner() {
  std::random_device random;
  const std::uint64_t high = random();
  return static_cast<std::int64_t>((high << 32 | random()) >> 2);
}

class PostgresStore final : public LedgerStore {
 public:
  PostgresStore(const std::string& conninfo, std::int64_t owner)
      : writer_(conninfo, owner), questions_(conninfo, owner) {}

  ~PostgresStore() override {
    writer_.submit(take_inbox());
    if (!is_child()) {
      writer_.close(steady_clock::now() + closing_patience);
      return;
    }
    writer_.give_up(forked());
    questions_.abandon();
  }

  Result<void> open() {
    if (auto made = questions_.ensure_schema(); !made) return made;
    if (auto opened = writer_.open(); !opened) return opened;
    auto recovered = questions_.recover();
    return recovered ? Result<void>() : Result<void>(std::move(recovered).error());
  }

  void submit(std::vector<LedgerWrite> batch) override {
    {
      std::lock_guard<std::mutex> lock(inbox_mutex_);
      std::move(batch.begin(), batch.end(), std::back_inserter(inbox_));
    }
    pump_if_nobody_does();
  }

  std::vector<LedgerDone> collect() override {
    const auto lock = pump_if_nobody_does();
    return lock ? writer_.take_done() : std::vector<LedgerDone>();
  }

  void await(std::chrono::microseconds wait) override {
    const auto until = steady_clock::now() + wait;
    while (true) {
      PostgresWriter::Wait what;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        pump(std::chrono::milliseconds(20), PostgresWriter::Names::ask);
        if (writer_.has_done()) return;
        what = writer_.wait();
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
      if (left.count() <= 0) return;
      // Not under the lock: others hand writes in meanwhile. Their answers come to this socket too.
      pollfd watched{what.socket, static_cast<short>(POLLIN | (what.also_writable ? POLLOUT : 0)),
                     0};
      ::poll(&watched, 1, static_cast<int>(std::min(left, what.most).count()));
    }
  }

  std::string waiting_for() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return writer_.waiting_for();
  }

  int descriptor() const override { return is_child() ? -1 : socket_.load(); }

  Result<void> each_row(const LedgerFilter& filter,
                        const std::function<bool(const LedgerRow&)>& keep) override {
    if (is_child()) return forked();
    return questions_.each_row(filter, keep);
  }
  Result<std::vector<LedgerTotal>> totals(const LedgerFilter& filter,
                                          const LedgerGrouping& grouping) override {
    if (is_child()) return forked();
    return questions_.totals(filter, grouping);
  }
  Result<std::vector<LedgerHistory>> history(const std::string& attempt_id) override {
    if (is_child()) return forked();
    return questions_.history(attempt_id);
  }
  Result<std::string> price_entry(const std::string& sha256) override {
    if (is_child()) return forked();
    return questions_.price_entry(sha256);
  }
  Result<void> put_budget(const Budget& budget) override {
    if (is_child()) return forked();
    return questions_.put_budget(budget);
  }
  Result<void> remove_budget(const std::string& id) override {
    if (is_child()) return forked();
    return questions_.remove_budget(id);
  }
  Result<std::vector<Budget>> budgets() override {
    if (is_child()) return forked();
    return questions_.budgets();
  }
  Result<BudgetStatus> budget_status(const Budget& budget, TimeSpan window) override {
    if (is_child()) return forked();
    return questions_.budget_status(budget, window);
  }
  Result<std::vector<BudgetDrift>> verify_budgets(Repair repair) override {
    if (is_child()) return forked();
    return questions_.verify_budgets(repair);
  }
  Result<std::int64_t> recover() override {
    if (is_child()) return forked();
    return questions_.recover();
  }
  Result<std::int64_t> prune(Instant before) override {
    if (is_child()) return forked();
    return questions_.prune(before);
  }
  Result<std::int64_t> erase(const std::string& key, const std::string& value) override {
    if (is_child()) return forked();
    return questions_.erase(key, value);
  }
  Result<void> put_balance(const BalanceCheck& check) override {
    if (is_child()) return forked();
    return questions_.put_balance(check);
  }
  Result<std::vector<BalanceCheck>> balances(const std::string& provider,
                                             const std::string& account, TimeSpan span) override {
    if (is_child()) return forked();
    return questions_.balances(provider, account, span);
  }

 private:
  bool is_child() const { return forks_so_far() != forks_; }

  void pump(std::chrono::microseconds share, PostgresWriter::Names names) {
    writer_.submit(take_inbox());
    if (is_child()) {
      writer_.give_up(forked());
    } else {
      writer_.pump(steady_clock::now() + share, names);
    }
    socket_ = is_child() ? -1 : writer_.wait().socket;
  }

  /// A frame does not wait for a thread that may be waiting for the name service.
  std::unique_lock<std::mutex> pump_if_nobody_does() {
    std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (lock) pump(frame_share, PostgresWriter::Names::known);
    return lock;
  }

  std::vector<LedgerWrite> take_inbox() {
    std::lock_guard<std::mutex> lock(inbox_mutex_);
    return std::exchange(inbox_, {});
  }

  const unsigned forks_ = forks_so_far();
  std::mutex inbox_mutex_;  ///< Never held while anything waits.
  std::vector<LedgerWrite> inbox_;
  std::atomic<int> socket_{-1};
  mutable std::mutex mutex_;
  PostgresWriter writer_;
  PostgresQuestions questions_;
};

}  // namespace

Result<std::shared_ptr<LedgerStore>> open_postgres_store(const std::string& conninfo) {
  if (auto readable = check_conninfo(conninfo); !readable) return readable.error();
  auto store = std::make_shared<PostgresStore>(conninfo, random_owner());
  if (auto opened = store->open(); !opened) return opened.error();
  return std::shared_ptr<LedgerStore>(std::move(store));
}

}  // namespace TALLY_ABI
}  // namespace tally
