// SPDX-License-Identifier: MIT
#include "ledger/sqlite_store.hpp"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "base/patience.hpp"
#include "base/process.hpp"
#include "base/quietly.hpp"
#include "base/undo.hpp"
#include "base/uuid.hpp"
#include "ledger/sqlite_file.hpp"
#include "ledger/sqlite_owners.hpp"
#include "ledger/sqlite_schema.hpp"
#include "ledger/sqlite_set_aside.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::size_t most_rows = 256;         // In one transaction of a thread that waits,
constexpr std::size_t most_rows_in_frame = 8;  // and of one that has a frame to draw.
constexpr std::chrono::microseconds frame_share{300};
constexpr std::int64_t pages_before_checkpoint = 1000;
constexpr std::chrono::milliseconds between_tries{250};

SteadyInstant now() { return system_clock()->steady(); }

/// How many answers of a store this thread has seen: others may take them over between its last
/// look and its wait.
struct Seen {
  const void* store;
  std::uint64_t answered;
};
thread_local Seen seen{};

Error bad_path(const std::string& path) {
  return Error{ErrorKind::invalid_argument, "Ledger::open needs the path of a file, and got \"" +
                                                path +
                                                "\"; Ledger::in_memory() keeps rows without one"};
}

Error parents_file(const std::string& path) {
  return Error{ErrorKind::forked,
               "the ledger \"" + path +
                   "\" was open when this process was forked, and SQLite's locks do not outlive "
                   "that: fork first, then open it in each process"};
}

}  // namespace

Result<std::shared_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       LedgerOptions options) {
  if (path.empty() || path == ":memory:") return bad_path(path);
  if (auto made = make_private_file(path); !made) return made.error();
  if (OpenFileMark::is_parents(path)) return parents_file(path);
  SqliteFailure failure;
  auto database = SqliteDatabase::open(path, failure);
  if (!database) return sqlite_error(failure, path);
  const SteadyInstant until = later(now(), options.lock_timeout);
  auto prepared = prepare_sqlite_schema(*database, options.durability, until);
  if (!prepared) return prepared.error();
  database->count_log_pages();

  const Instant wall = system_clock()->wall();
  const std::string name = uuid_v7(wall);
  auto lock = OwnerLock::make(owner_file(database->path(), name));
  if (!lock) return std::move(lock).error();
  database->begin(until);
  const std::int64_t owner_id = add_owner(*database, name, wall);
  SqliteWriter writer(*database, owner_id);
  writer.begun(wall);
  writer.recover();
  if (!database->commit()) return sqlite_error(*database->failure(), path);
  writer.committed();
  return std::shared_ptr<SqliteStore>(
      new SqliteStore(std::move(database), *std::move(lock), owner_id, options));
}

SqliteStore::SqliteStore(std::unique_ptr<SqliteDatabase> database, OwnerLock lock,
                         std::int64_t owner_id, LedgerOptions options)
    : options_(options),
      forks_(forks_so_far()),
      path_(database->path()),
      mark_(path_),
      database_(std::move(database)),
      lock_(std::move(lock)),
      owner_id_(owner_id),
      writer_(*database_, owner_id) {}

SqliteStore::~SqliteStore() {
  if (is_forked()) {
    // To close the parent's connections here would drop the locks that they hold there.
    static_cast<void>(database_.release());
    for (auto& reader : readers_) static_cast<void>(reader.release());
    return;
  }
  const SteadyInstant until = later(now(), options_.lock_timeout);
  // Where one of these finds no memory, the next one still may.
  quietly([&] {
    while (!queue_.empty()) {
      write_batch(take_batch(most_rows), until, Patience::waits);
      if (!trouble_.empty()) break;
    }
  });
  for (const Pending& left : queue_) quietly([&] { set_aside(path_, left.write, trouble_); });
  const bool is_done = quietly([&] {
    if (database_->begin(until)) forget_idle_owner(*database_, owner_id_);
    database_->commit();
  });
  if (!is_done) database_->rollback();
  readers_.clear();
  // The last connection of all processes checkpoints when it is closed.
}

bool SqliteStore::is_forked() const { return forks_ != forks_so_far(); }

Error SqliteStore::sorry(const SqliteFailure& failure) const {
  return sqlite_error(failure, path_);
}

Error SqliteStore::forked() {
  return Error{ErrorKind::forked,
               "this ledger was opened before a fork, by the parent: fork first, then open it in "
               "each process"};
}

void SqliteStore::submit(std::vector<LedgerWrite> batch) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_forked()) {
    for (const LedgerWrite& write : batch) answer({write.ticket, forked(), {}, {}});
    return;
  }
  Batch taken;
  for (LedgerWrite& write : batch) taken.push_back({std::move(write), false});
  queue_.splice(queue_.end(), taken);
  if (awaiting_ > 0) changed_.notify_all();
}

std::vector<LedgerDone> SqliteStore::collect() {
  std::unique_lock<std::mutex> lock(mutex_);
  // In the frame of a program that only polls, and only where that takes no sync.
  if (options_.durability == Durability::batched && awaiting_ == 0 && may_write()) {
    Batch batch = take_batch(most_rows_in_frame);
    const Writing alone(*this, lock);
    write_batch(std::move(batch), now(), Patience::frame);
  }
  seen = {this, answered_};
  return std::exchange(done_, {});
}

void SqliteStore::await(std::chrono::microseconds wait) {
  const SteadyInstant until = now() + wait;
  std::unique_lock<std::mutex> lock(mutex_);
  const std::uint64_t before = seen.store == this ? seen.answered : answered_;
  struct Awaiting {
    explicit Awaiting(int& threads) : count(threads) { ++count; }
    ~Awaiting() { --count; }
    int& count;
  } const awaiting(awaiting_);
  // What frames have written is in the log only: their thread could not wait for a sync.
  if (!is_writing_ && !is_forked() && log_is_long()) {
    const Writing alone(*this, lock);
    checkpoint();
  }
  while (answered_ == before && done_.empty() && now() < until) {
    if (!may_write()) {
      // A row that failed is tried again also when nothing else wakes this thread.
      const bool tries_again = retrying_ > 0 && !is_writing_ && !is_forked();
      changed_.wait_until(lock, tries_again ? std::min(until, try_again_after_) : until);
      continue;
    }
    Batch batch = take_batch(most_rows);
    const Writing alone(*this, lock);
    write_batch(std::move(batch), until, Patience::waits);
  }
}

std::string SqliteStore::waiting_for() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (queue_.empty()) return is_writing_ ? "the disk" : "";
  if (!trouble_.empty()) return trouble_;
  if (awaiting_ > 0 || is_writing_) return "the disk";
  return "no thread writes: lend one to Ledger::run_writer, or open the ledger as batched";
}

std::size_t SqliteStore::retrying() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return retrying_;
}

bool SqliteStore::may_write() const {
  if (is_writing_ || queue_.empty() || is_forked()) return false;
  return !queue_.back().is_answered || now() >= try_again_after_;
}

SqliteStore::Batch SqliteStore::take_batch(std::size_t most) noexcept {
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, queue_.size()));
  Batch batch;
  batch.splice(batch.end(), queue_, queue_.begin(), std::next(queue_.begin(), count));
  return batch;
}

void SqliteStore::give_back(Batch& batch) noexcept { queue_.splice(queue_.begin(), batch); }

void SqliteStore::make_room_for_answers(std::size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_.reserve(done_.size() + count);
}

void SqliteStore::answer(LedgerDone done) {
  done_.push_back(std::move(done));
  ++answered_;
}

void SqliteStore::write_batch(Batch batch, SteadyInstant until, Patience patience) {
  // Without memory the batch is written again from its beginning: what is known changes nothing.
  Undo unwritten([&] {
    database_->rollback();
    writer_.rolled_back();
    std::lock_guard<std::mutex> lock(mutex_);
    give_back(batch);
  });
  while (!batch.empty()) {
    std::vector<LedgerDone> done;
    if (database_->begin(until)) {
      writer_.begun(system_clock()->wall());
      done = write_rows(batch, patience);
      make_room_for_answers(done.size());  // What is committed is answered, memory or not.
    }
    const bool row_failed = database_->failure() && database_->failure()->is_of_the_row();
    if (!row_failed && database_->commit()) {
      writer_.committed();
      finish_rows(batch, std::move(done));
      break;
    }
    database_->rollback();
    writer_.rolled_back();
    const SqliteFailure failure = *database_->failure();
    if (!row_failed) {
      fail_batch(batch, failure);
      break;
    }
    // All but that row, once more.
    const auto bad = std::next(batch.begin(), static_cast<std::ptrdiff_t>(done.size() - 1));
    make_room_for_answers(1);
    LedgerDone aside = set_aside(path_, bad->write, failure.text);
    std::lock_guard<std::mutex> lock(mutex_);
    bad->is_answered ? static_cast<void>(--retrying_) : answer(std::move(aside));
    batch.erase(bad);
  }
  unwritten.dismiss();
  if (patience == Patience::waits) quietly([this] { checkpoint(); });
}

std::vector<LedgerDone> SqliteStore::write_rows(const Batch& batch, Patience patience) {
  std::vector<LedgerDone> done;
  const SteadyInstant enough = now() + frame_share;
  for (const Pending& pending : batch) {
    done.push_back(writer_.write(pending.write));
    if (database_->failure()) break;
    if (patience == Patience::frame && now() >= enough) break;
  }
  return done;
}

void SqliteStore::finish_rows(Batch& batch, std::vector<LedgerDone> done) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto end = batch.begin();
  for (LedgerDone& each : done) {
    (end++)->is_answered ? static_cast<void>(--retrying_) : answer(std::move(each));
  }
  trouble_.clear();
  batch.erase(batch.begin(), end);
  give_back(batch);
}

void SqliteStore::fail_batch(Batch& batch, const SqliteFailure& failure) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Error error = sorry(failure);
  if (failure.is_busy()) {
    trouble_ = "another process holds the write lock of \"" + path_ + "\"";
    return give_back(batch);
  }
  trouble_ = error.message;
  try_again_after_ = now() + between_tries;
  // A bill is not given up: its asker knows, and it is tried again.
  for (auto pending = batch.begin(); pending != batch.end();) {
    const bool is_bill = pending->write.kind == LedgerWrite::Kind::settle;
    if (!pending->is_answered) {
      answer({pending->write.ticket, error, {}, {}});
      pending->is_answered = true;
      if (is_bill) ++retrying_;
    }
    pending = is_bill ? std::next(pending) : batch.erase(pending);
  }
  give_back(batch);
}

bool SqliteStore::log_is_long() const {
  return database_->pages_in_log() >= pages_before_checkpoint;
}

void SqliteStore::checkpoint() {
  if (!log_is_long()) return;
  database_->checkpoint();
  // The write that begins the log anew syncs it: here, and not in some frame's.
  database_->forget_failure();
  database_->wait_for_locks_until(now());
  touch_owner(*database_, owner_id_, system_clock()->wall());
  database_->forget_failure();
}

}  // namespace TALLY_ABI
}  // namespace tally
