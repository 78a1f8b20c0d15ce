// SPDX-License-Identifier: MIT
// tally_bench_postgres <conninfo>
//
// The ledger in PostgreSQL beside a bare libpq pipeline that sends the same statements to the same
// server, with their parameters made beforehand; rounds take turns. Then what a frame pays. Run by
// tests/bench/run.sh.
#include <libpq-fe.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/uuid.hpp"
#include "ledger/postgres_answer.hpp"
#include "ledger/postgres_row.hpp"
#include "tally/postgres.hpp"
#include "tally/tally.hpp"

namespace {

using tally::LedgerRow;
using tally::LedgerWrite;
using Rows = std::vector<LedgerRow>;

constexpr int group = 32;
constexpr int groups = 40;
constexpr int rounds = 5;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

LedgerRow reserved_row() {
  LedgerRow row;
  row.started = tally::system_clock()->wall();
  row.attempt_id = row.call_id = tally::uuid_v7(row.started);
  row.provider = "deepseek";
  row.host = "api.deepseek.com";
  row.model_requested = "deepseek-flash";
  row.labels = {{"npc", "smith"}, {"player", "p-117"}};
  row.hold = tally::cents(1);
  row.cost.is_estimate = true;
  row.cost.bounds = tally::CostBounds{{}, tally::cents(1)};
  return row;
}

LedgerRow settled_row(LedgerRow row) {
  tally::ReportedUsage reported;
  reported.prompt_tokens = 1000;
  reported.prompt_cache_hit_tokens = 800;
  reported.prompt_cache_miss_tokens = 200;
  reported.completion_tokens = 200;
  reported.total_tokens = 1200;
  row.usage = tally::normalize(reported, tally::provider_named("deepseek"));
  tally::PriceQuery query;
  query.model = row.model_requested;
  query.at = row.started;
  const auto price = tally::PriceCatalog::builtin().price_at(query);
  if (!price) fail(price.error().message);
  row.cost = tally::cost_of(row.usage, *price);
  row.state = tally::BillState::settled;
  row.completed = row.billed_at = row.started + std::chrono::milliseconds(800);
  row.http_status = 200;
  row.finish_reason = "stop";
  row.response_id = "930c60df-bf64-41c9-a88e-3ec75f81e00e";
  return row;
}

std::vector<Rows> reserved_rows() {
  std::vector<Rows> all(groups);
  for (Rows& rows : all) {
    for (int i = 0; i < group; ++i) rows.push_back(reserved_row());
  }
  return all;
}

tally::BudgetHold hold_of_day() {
  static const auto budget = [] {
    tally::Budget budget;
    budget.id = "day";
    budget.limit = tally::cents(100'000'000);
    return std::make_shared<const tally::Budget>(budget);
  }();
  const auto now = tally::system_clock()->wall();
  static const tally::TimeSpan window{now - std::chrono::hours(1), now + std::chrono::hours(23)};
  return {budget, window, tally::cents(1).amount};
}

// tally's store.

void write(tally::LedgerStore& store, LedgerWrite::Kind kind, Rows rows) {
  static std::uint64_t ticket = 0;
  std::vector<LedgerWrite> batch;
  for (LedgerRow& row : rows) batch.push_back({++ticket, kind, std::move(row), {hold_of_day()}});
  std::size_t left = batch.size();
  store.submit(std::move(batch));
  while (left > 0) {
    for (const auto& done : store.collect()) {
      if (done.error) fail(done.error->message);
      if (done.refusal) fail("refused");
      --left;
    }
    if (left > 0) store.await(std::chrono::milliseconds(10));
  }
}

// libpq alone.

class Pipeline {
 public:
  explicit Pipeline(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
    const std::string row = "ROW(" + tally::row_placeholders() + ")::tally_row";
    const auto columns = std::count(row.begin(), row.end(), '$');
    const std::string more =
        ", $" + std::to_string(columns + 1) + ", $" + std::to_string(columns + 2) + ")";
    prepare("lock", "SELECT tally_lock($1, $2)");
    prepare("reserve", "SELECT tally_reserve(" + row + more);
    prepare("settle", "SELECT tally_settle(" + row + more);
    if (PQenterPipelineMode(connection_) != 1) fail("pipeline");
    PQsetnonblocking(connection_, 1);
  }
  ~Pipeline() { PQfinish(connection_); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  struct Statement {
    const char* name;
    tally::PostgresParameters parameters;
  };

  /// One transaction.
  void run(const std::vector<Statement>& statements) {
    for (const Statement& one : statements) {
      const auto values = one.parameters.values();
      if (PQsendQueryPrepared(connection_, one.name, one.parameters.size(), values.data(), nullptr,
                              nullptr, 0) != 1) {
        fail(PQerrorMessage(connection_));
      }
    }
    if (PQpipelineSync(connection_) != 1) fail(PQerrorMessage(connection_));
    for (bool is_done = false; !is_done;) {
      const int flushed = PQflush(connection_);
      pollfd watched{PQsocket(connection_),
                     static_cast<short>(flushed == 1 ? POLLIN | POLLOUT : POLLIN), 0};
      ::poll(&watched, 1, 1000);
      if (PQconsumeInput(connection_) != 1) fail(PQerrorMessage(connection_));
      is_done = take_results();
    }
  }

 private:
  void prepare(const char* name, const std::string& statement) {
    PGresult* result = PQprepare(connection_, name, statement.c_str(), 0, nullptr);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail(PQerrorMessage(connection_));
    PQclear(result);
  }

  bool take_results() {
    for (int ends = 0; PQisBusy(connection_) == 0 && ends < 2;) {
      PGresult* result = PQgetResult(connection_);
      const ExecStatusType status = PQresultStatus(result);
      ends = result == nullptr ? ends + 1 : 0;
      PQclear(result);
      if (status == PGRES_PIPELINE_SYNC) return true;
      if (ends == 0 && status != PGRES_TUPLES_OK) fail(PQerrorMessage(connection_));
    }
    return false;
  }

  PGconn* connection_;
};

std::vector<Pipeline::Statement> statements_of(const Rows& rows, bool settle) {
  std::vector<std::string> attempts;
  for (const LedgerRow& row : rows) attempts.push_back(row.attempt_id);
  std::vector<Pipeline::Statement> all;
  tally::PostgresParameters lock;
  lock.add("{\"day\"}").add(settle ? tally::array_of(attempts) : "{}");
  all.push_back({"lock", std::move(lock)});
  for (const LedgerRow& row : rows) {
    tally::PostgresParameters parameters;
    tally::add_row(parameters, row);
    const std::string budgets = tally::budgets_json({hold_of_day()});
    if (settle) {
      parameters.add(budgets).add(tally::microseconds_of(row.started));
    } else {
      parameters.add(std::int64_t{1}).add(budgets);
    }
    all.push_back({settle ? "settle" : "reserve", std::move(parameters)});
  }
  return all;
}

template <class Work>
double seconds_of(Work work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

double tally_round(tally::LedgerStore& store) {
  auto reserved = reserved_rows();
  auto settled = reserved;
  for (Rows& rows : settled) {
    for (LedgerRow& row : rows) row = settled_row(std::move(row));
  }
  return seconds_of([&] {
    for (std::size_t i = 0; i < groups; ++i) {
      write(store, LedgerWrite::Kind::reserve, std::move(reserved[i]));
      write(store, LedgerWrite::Kind::settle, std::move(settled[i]));
    }
  });
}

double bare_round(Pipeline& pipeline) {
  std::vector<std::vector<Pipeline::Statement>> all;
  for (const Rows& rows : reserved_rows()) {
    Rows settled;
    for (const LedgerRow& row : rows) settled.push_back(settled_row(row));
    all.push_back(statements_of(rows, false));
    all.push_back(statements_of(settled, true));
  }
  return seconds_of([&] {
    for (const auto& statements : all) pipeline.run(statements);
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure_attempts(const std::string& conninfo) {
  const auto store = tally::open_postgres_store(conninfo);
  if (!store) fail(store.error().message);
  Pipeline pipeline(conninfo);
  tally_round(**store);  // Warms up both: one server, one table.
  bare_round(pipeline);
  std::vector<double> by_tally;
  std::vector<double> by_hand;
  for (int i = 0; i < rounds; ++i) {
    by_tally.push_back(group * groups / tally_round(**store));
    by_hand.push_back(group * groups / bare_round(pipeline));
  }
  std::printf(
      "PostgreSQL: attempts a second, each reserved and settled in one budget, in groups of "
      "32\n  libpq    %8.0f\n  tally    %8.0f\n  tally / libpq, same statements  %.2f\n",
      median(by_hand), median(by_tally), median(by_tally) / median(by_hand));
}

// What a frame pays.

double thread_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

void print_percentiles(const char* what, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("  %-52s p50 %6.0f  p99 %6.0f  worst %6.0f us\n", what, values[values.size() / 2],
              values[values.size() * 99 / 100], values.back());
}

void measure_frames(const std::string& conninfo, bool restarts) {
  const auto store = tally::open_postgres_store(conninfo);
  if (!store) fail(store.error().message);
  std::thread restarting;
  if (const char* command = std::getenv("TALLY_POSTGRES_RESTART"); restarts && command) {
    restarting = std::thread([command] {
      if (std::system(command) != 0) fail("restart");
    });
  }
  std::vector<double> cpu_us;
  std::vector<double> wall_us;
  for (std::uint64_t frame = 1; frame <= 3000; ++frame) {
    LedgerRow row = reserved_row();
    std::vector<LedgerWrite> batch{{frame, LedgerWrite::Kind::reserve, row, {hold_of_day()}}};
    if (frame % 2 == 0) batch[0] = {frame, LedgerWrite::Kind::settle, settled_row(row), {}};
    const double cpu = thread_cpu_us();
    wall_us.push_back(1e6 * seconds_of([&] {
                        (*store)->submit(std::move(batch));
                        (*store)->collect();
                      }));
    cpu_us.push_back(thread_cpu_us() - cpu);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (restarting.joinable()) restarting.join();
  std::printf("A frame that hands in one write and collects%s\n",
              restarts ? ", while the server is killed and comes back" : "");
  print_percentiles("CPU of its thread", cpu_us);
  print_percentiles("wall time (of a busy machine, too)", wall_us);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: tally_bench_postgres <conninfo>");
  measure_attempts(argv[1]);
  measure_frames(argv[1], false);
  measure_frames(argv[1], true);
}
