// SPDX-License-Identifier: MIT
#include "ledger/postgres_writer.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "ledger/postgres_answer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// One transaction that conflicts with others is asked this often.
constexpr int most_conflicts = 50;
// So long a call may wait for a server that is away; a bill waits for ever.
constexpr std::chrono::seconds reserve_patience{30};
// Then the server may have moved: a thread that may wait asks the name service.
constexpr int most_tries_at_known = 2;
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{2000};
constexpr std::chrono::seconds connect_patience{10};

bool is_ready(int socket, bool for_writing) {
  pollfd watched{socket, static_cast<short>(for_writing ? POLLOUT : POLLIN), 0};
  return ::poll(&watched, 1, 0) > 0;
}

Error still_unstored(const std::string& why) {
  Error error = postgres_error(why);
  error.retry_may_help = true;
  return error;
}

}  // namespace

Result<void> PostgresWriter::open() {
  const SteadyPoint until = steady_clock::now() + connect_patience;
  while (phase_ != Phase::ready) {
    pump(until, Names::ask);
    if (phase_ == Phase::ready) break;
    if (phase_ == Phase::down) return postgres_error(last_trouble_);
    if (steady_clock::now() >= until) return postgres_error("no answer within 10 s");
    wait_for_socket();
  }
  return {};
}

void PostgresWriter::wait_for_socket() const {
  const Wait what = wait();
  pollfd watched{what.socket, static_cast<short>(POLLIN | (what.also_writable ? POLLOUT : 0)), 0};
  ::poll(&watched, 1, static_cast<int>(what.most.count()));
}

void PostgresWriter::close(SteadyPoint until) {
  const auto is_busy = [this] { return !queue_.empty() || !under_way_.empty(); };
  while (is_busy() && last_trouble_.empty() && steady_clock::now() < until) {
    pump(until, Names::known);
    if (is_busy()) wait_for_socket();
  }
  if (phase_ != Phase::ready || !expected_.empty()) return;
  const bool sent =
      expect(PQsendQueryParams(connection_.handle(), "SELECT pg_advisory_unlock_all()", 0, nullptr,
                               nullptr, nullptr, nullptr, 0) == 1,
             {Expected::Kind::statement}) &&
      send_sync();
  while (sent && phase_ == Phase::ready && !expected_.empty() && steady_clock::now() < until) {
    pump(until, Names::known);
    if (!expected_.empty()) wait_for_socket();
  }
}

void PostgresWriter::submit(std::vector<LedgerWrite> batch) {
  for (LedgerWrite& write : batch) queue_.push_back({std::move(write)});
}

void PostgresWriter::pump(SteadyPoint until, Names names) {
  if (phase_ == Phase::down && steady_clock::now() >= next_try_) connect(names);
  if (phase_ == Phase::connecting) step_connection();
  if (phase_ == Phase::preparing || phase_ == Phase::ready) read_results();
  if (phase_ == Phase::ready && under_way_.empty() && steady_clock::now() >= next_try_) {
    send_transaction(until);
  }
  if (phase_ == Phase::preparing || phase_ == Phase::ready) {
    const int flushed = PQflush(connection_.handle());
    flush_is_left_ = flushed == 1;
    if (flushed < 0) lost(connection_.last_words());
  }
  refuse_old_reserves();
}

void PostgresWriter::connect(Names names) {
  if (tries_at_known_ < most_tries_at_known) names = Names::known;
  tries_at_known_ = names == Names::ask ? 0 : tries_at_known_ + 1;
  if (auto begun = connection_.begin(names); !begun) {
    lost(begun.error().message);
    return;
  }
  phase_ = Phase::connecting;
  connecting_ = PGRES_POLLING_WRITING;
  next_try_ = steady_clock::now() + connect_patience;
}

void PostgresWriter::step_connection() {
  // A step that does not wait may be followed by the next at once.
  while (is_ready(PQsocket(connection_.handle()), connecting_ == PGRES_POLLING_WRITING)) {
    connecting_ = connection_.step();
    if (connecting_ == PGRES_POLLING_FAILED) {
      lost(connection_.last_words());
      return;
    }
    if (connecting_ != PGRES_POLLING_OK) continue;
    phase_ = Phase::preparing;
    next_try_ = {};
    if (!send_settings()) lost(connection_.last_words());
    return;
  }
  if (steady_clock::now() >= next_try_) lost("no answer while connecting");
}

void PostgresWriter::read_results() {
  if (PQconsumeInput(connection_.handle()) != 1) {
    lost(connection_.last_words());
    return;
  }
  int ends = 0;
  while (!expected_.empty() && PQisBusy(connection_.handle()) == 0) {
    const PostgresResult result(PQgetResult(connection_.handle()));
    if (result) {
      ends = 0;
      take_result(result.get());
      if (phase_ == Phase::down) return;
    } else if (++ends > 1) {
      break;  // One null ends a statement; two: nothing has come yet.
    }
  }
  if (phase_ != Phase::down && PQstatus(connection_.handle()) == CONNECTION_BAD) {
    lost(connection_.last_words());
  }
}

void PostgresWriter::take_result(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!has_failed_) {
      failed_state_ = state != nullptr ? state : "";
      failed_words_ = words_of(result);
    }
    has_failed_ = true;
    if (state == nullptr || PQstatus(connection_.handle()) == CONNECTION_BAD) {
      lost(failed_words_);
      return;
    }
  }
  const Expected what = expected_.front();
  const bool is_sync = status == PGRES_PIPELINE_SYNC;
  // A failed commit comes where the sync is expected, and the sync after it.
  if (what.kind == Expected::Kind::sync && !is_sync) return;
  expected_.pop_front();
  if (is_sync) {
    end_transaction();
  } else if (what.kind == Expected::Kind::owner_lock) {
    is_locked_ = status == PGRES_TUPLES_OK && field_of(result, 0, 0) == "t";
  } else if (what.kind == Expected::Kind::write && status == PGRES_TUPLES_OK) {
    answers_[what.index] = std::string(field_of(result, 0, 0).value_or(""));
  }
}

void PostgresWriter::end_transaction() {
  if (has_failed_) {
    const PostgresTrouble trouble = trouble_of(failed_state_);
    if (phase_ == Phase::preparing) {
      lost(failed_words_);
      return;
    }
    ask_anew(trouble);
    return;
  }
  last_trouble_.clear();
  tries_ = 0;
  if (phase_ == Phase::preparing) {
    phase_ = Phase::ready;
    tries_at_known_ = 0;
    return;
  }
  known_prices_.insert(new_prices_.begin(), new_prices_.end());
  new_prices_.clear();
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    done_.push_back(read_answer(under_way_[i].write, answers_[i]));
  }
  under_way_.clear();
}

void PostgresWriter::ask_anew(PostgresTrouble trouble) {
  has_failed_ = false;
  new_prices_.clear();
  const bool is_hopeless =
      trouble == PostgresTrouble::refused ||
      (trouble == PostgresTrouble::conflict && ++under_way_.front().conflicts > most_conflicts);
  if (is_hopeless && under_way_.size() == 1) {
    LedgerDone done;
    done.ticket = under_way_.front().write.ticket;
    done.error = postgres_error(failed_words_);
    done_.push_back(std::move(done));
    under_way_.clear();
    return;
  }
  if (trouble == PostgresTrouble::unavailable) {
    if (last_trouble_.empty()) trouble_since_ = steady_clock::now();
    last_trouble_ = failed_words_;
    next_try_ = steady_clock::now() + next_pause();
  }
  while (!under_way_.empty()) {
    under_way_.back().alone |= is_hopeless;
    queue_.push_front(std::move(under_way_.back()));
    under_way_.pop_back();
  }
}

void PostgresWriter::lost(const std::string& words) {
  if (last_trouble_.empty()) trouble_since_ = steady_clock::now();
  last_trouble_ = words.empty() ? "the connection broke" : words;
  connection_.close();
  phase_ = Phase::down;
  is_locked_ = false;
  has_failed_ = false;
  flush_is_left_ = false;
  expected_.clear();
  known_prices_.clear();
  new_prices_.clear();
  while (!under_way_.empty()) {
    under_way_.back().was_sent = true;
    queue_.push_front(std::move(under_way_.back()));
    under_way_.pop_back();
  }
  next_try_ = steady_clock::now() + next_pause();
}

std::chrono::milliseconds PostgresWriter::next_pause() {
  return std::min(longest_pause, first_pause * (1 << std::min(tries_++, 6)));
}

void PostgresWriter::refuse_old_reserves() {
  if (last_trouble_.empty() || queue_.empty()) return;
  if (steady_clock::now() - trouble_since_ < reserve_patience) return;
  const auto is_reserve = [](const Queued& queued) {
    return queued.write.kind == LedgerWrite::Kind::reserve;
  };
  for (const Queued& queued : queue_) {
    if (!is_reserve(queued)) continue;
    LedgerDone done;
    done.ticket = queued.write.ticket;
    done.error = still_unstored("not reached for 30 s: " + last_trouble_);
    done_.push_back(std::move(done));
  }
  queue_.erase(std::remove_if(queue_.begin(), queue_.end(), is_reserve), queue_.end());
}

PostgresWriter::Wait PostgresWriter::wait() const {
  Wait what;
  what.most = milliseconds(50);
  if (phase_ == Phase::down) {
    const auto left = std::chrono::ceil<milliseconds>(next_try_ - steady_clock::now());
    what.most = std::clamp(left, milliseconds(1), what.most);
    return what;
  }
  what.socket = PQsocket(connection_.handle());
  what.also_writable =
      phase_ == Phase::connecting ? connecting_ == PGRES_POLLING_WRITING : flush_is_left_;
  return what;
}

std::string PostgresWriter::waiting_for() const {
  if (queue_.empty() && under_way_.empty()) return {};
  if (!last_trouble_.empty()) return "PostgreSQL: " + last_trouble_;
  if (phase_ != Phase::ready) return "a connection to PostgreSQL";
  return "PostgreSQL's answer (the server is slow, or another session holds a lock)";
}

void PostgresWriter::give_up(const Error& why) {
  connection_.abandon();
  phase_ = Phase::down;
  next_try_ = SteadyPoint::max();
  for (auto* waiting : {&under_way_, &queue_}) {
    for (const Queued& queued : *waiting) {
      LedgerDone done;
      done.ticket = queued.write.ticket;
      done.error = why;
      done_.push_back(std::move(done));
    }
    waiting->clear();
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
