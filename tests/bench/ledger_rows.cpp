// SPDX-License-Identifier: MIT
#include "ledger_rows.hpp"

#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "bare_ledger.hpp"
#include "base/uuid.hpp"
#include "ledger/ledger_state.hpp"
#include "tally/tally.hpp"
#include "timing.hpp"

namespace bench {
namespace {

using Words = std::vector<std::string>;
constexpr int group = 32;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/tally-bench-XXXXXX";
    if (::mkdtemp(name) == nullptr) fail("mkdtemp");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file() const { return path_ + "/ledger.db"; }

 private:
  std::string path_;
};

tally::Ledger open_ledger(const std::string& path, const std::string& mode) {
  tally::LedgerOptions options;
  if (mode == "batched") options.durability = tally::Durability::batched;
  auto ledger = tally::Ledger::open(path, options);
  if (!ledger) fail(ledger.error().message);
  return *std::move(ledger);
}

std::string new_id() { return tally::uuid_v7(tally::system_clock()->wall()); }

/// As a client would write it.
tally::LedgerRow reserved_row() {
  tally::LedgerRow row;
  row.started = tally::system_clock()->wall();
  row.attempt_id = row.call_id = new_id();
  row.provider = "deepseek";
  row.host = "api.deepseek.com";
  row.model_requested = "deepseek-flash";
  row.streamed = true;
  row.labels = {{"npc", "smith"}, {"player", "p-117"}};
  row.hold = tally::cents(1);
  row.cost.is_estimate = true;
  row.cost.bounds = tally::CostBounds{{}, tally::cents(1)};
  return row;
}

tally::LedgerRow settled_row(tally::LedgerRow row) {
  tally::ReportedUsage reported;
  reported.prompt_tokens = 1000;
  reported.prompt_cache_hit_tokens = 800;
  reported.prompt_cache_miss_tokens = 200;
  reported.completion_tokens = 200;
  reported.total_tokens = 1200;
  reported.raw = R"({"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,)"
                 R"("prompt_cache_hit_tokens":800,"prompt_cache_miss_tokens":200})";
  row.usage = tally::normalize(reported, tally::provider_named("deepseek"));
  tally::PriceQuery query;
  query.model = row.model_requested;
  query.at = row.started;
  const auto price = tally::PriceCatalog::builtin().price_at(query);
  if (!price) fail(price.error().message);
  row.cost = tally::cost_of(row.usage, *price);
  row.state = tally::BillState::settled;
  row.revision = 1;
  row.completed = row.billed_at = row.started + std::chrono::milliseconds(800);
  row.first_byte_after = std::chrono::milliseconds(200);
  row.model_reported = "deepseek-flash";
  row.http_status = 200;
  row.finish_reason = "stop";
  row.request_id = "0123456789abcdef0123456789abcdef";
  row.response_id = "930c60df-bf64-41c9-a88e-3ec75f81e00e";
  return row;
}

/// Hands over all and waits for all.
void write(const tally::Ledger& ledger, tally::LedgerWrite::Kind kind,
           std::vector<tally::LedgerRow> rows) {
  std::vector<std::uint64_t> tickets;
  for (tally::LedgerRow& row : rows) {
    tickets.push_back(ledger.state()->submit({0, kind, std::move(row), {}}));
  }
  for (const std::uint64_t ticket : tickets) {
    std::optional<tally::LedgerDone> done;
    while (ledger.state()->collect(), !(done = ledger.state()->ask(ticket))) {
      ledger.state()->store->await(std::chrono::milliseconds(10));
    }
    if (done->error) fail(done->error->message);
  }
}

Figures tally_attempts(const std::string& mode, int groups) {
  const Folder folder;
  const tally::Ledger ledger = open_ledger(folder.file(), mode);
  std::vector<std::vector<tally::LedgerRow>> reserved(static_cast<std::size_t>(groups));
  for (auto& rows : reserved) {
    for (int i = 0; i < group; ++i) rows.push_back(reserved_row());
  }
  auto settled = reserved;
  for (auto& rows : settled) {
    for (auto& row : rows) row = settled_row(std::move(row));
  }
  write(ledger, tally::LedgerWrite::Kind::settle, {settled_row(reserved_row())});
  return timed([&] {
    for (int i = 0; i < groups; ++i) {
      const auto at = static_cast<std::size_t>(i);
      write(ledger, tally::LedgerWrite::Kind::reserve, std::move(reserved[at]));
      write(ledger, tally::LedgerWrite::Kind::settle, std::move(settled[at]));
    }
    if (!ledger.flush()) fail("flush");
  });
}

Figures bare_attempts(const std::string& mode, int groups) {
  const Folder folder;
  const tally::LedgerRow open = reserved_row();
  const tally::LedgerRow done = settled_row(reserved_row());
  const tally::Ledger ledger = open_ledger(folder.file(), mode);
  write(ledger, tally::LedgerWrite::Kind::reserve, {open});
  write(ledger, tally::LedgerWrite::Kind::settle, {done});
  BareLedger bare(folder.file(), open.attempt_id, done.attempt_id, mode == "durable");
  std::vector<Words> ids(static_cast<std::size_t>(groups));
  for (Words& some : ids) {
    for (int i = 0; i < group; ++i) some.push_back(new_id());
  }
  return timed([&] {
    for (const Words& some : ids) {
      bare.reserve(some);
      bare.settle(some);
    }
  });
}

double thread_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

tally::ChatRequest request() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

/// Keeps 16 calls in flight and polls a thousand times a second.
std::vector<double> poll_often(const tally::Client& client, int count) {
  std::vector<double> each_us;
  int in_flight = 0;
  for (int polls = -count / 4; polls < count; ++polls) {  // The first warm up.
    for (; in_flight < 16; ++in_flight) client.chat_start(request());
    const double before = thread_cpu_us();
    if (!client.poll()) fail("poll");
    if (polls >= 0) each_us.push_back(thread_cpu_us() - before);
    for (tally::Event event; client.next_event(event);) {
      if (!event.completion) continue;
      if (!event.completion->reply) fail(event.completion->reply.error().message);
      --in_flight;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return each_us;
}

// The ledger of `fill`: 30 days from here, and the day that is asked for.
constexpr std::int64_t first_us = 1'793'491'200'000'000;  // 2026-11-01T00:00:00Z
constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t asked_us = first_us + 14 * day_us;

Figures tally_spend(const std::string& path) {
  const tally::Ledger ledger = open_ledger(path, "durable");
  tally::LedgerFilter filter;
  filter.from = tally::Instant(std::chrono::microseconds(asked_us));
  filter.to = tally::Instant(std::chrono::microseconds(asked_us + day_us));
  tally::LedgerGrouping grouping;
  grouping.by_label = "player";
  tally::Decimal sum;
  std::int64_t rows = 0;
  const auto ask = [&] {
    const auto totals = ledger.totals(filter, grouping);
    if (!totals) fail(totals.error().message);
    for (const tally::LedgerTotal& total : *totals) {
      sum = *checked_add(sum, total.settled);
      rows += total.attempts;
    }
  };
  ask();
  sum = {};
  rows = 0;
  Figures figures = timed(ask);
  figures["spent_nano"] =
      static_cast<double>(sum.units * 1'000'000'000 + sum.attos / 1'000'000'000);
  figures["rows"] = static_cast<double>(rows);
  return figures;
}

Figures bare_spend(const std::string& path) {
  BareSqlite db(path);
  // Left to itself SQLite begins with the labels, and takes twenty times as long.
  sqlite3_stmt* query = db.prepare(
      "SELECT label.value, ledger.currency, count(*), sum(cost_nano), sum(cost_frac) "
      "FROM ledger INDEXED BY ledger_time CROSS JOIN ledger_label label "
      "ON label.row_id=ledger.row_id AND label.key='player' "
      "WHERE ledger.at_us>=? AND ledger.at_us<? GROUP BY label.value, ledger.currency");
  std::int64_t nano = 0;
  std::int64_t frac = 0;
  std::int64_t rows = 0;
  const auto ask = [&] {
    sqlite3_bind_int64(query, 1, asked_us);
    sqlite3_bind_int64(query, 2, asked_us + day_us);
    while (db.step(query)) {
      rows += sqlite3_column_int64(query, 2);
      nano += sqlite3_column_int64(query, 3);
      frac += sqlite3_column_int64(query, 4);
    }
  };
  ask();
  nano = frac = rows = 0;
  Figures figures = timed(ask);
  figures["spent_nano"] = static_cast<double>(nano + frac / 1'000'000'000);
  figures["rows"] = static_cast<double>(rows);
  return figures;
}

}  // namespace

Figures ledger_attempts(const Words& words) {
  const int groups = std::atoi(words[3].c_str());
  Figures figures =
      words[1] == "tally" ? tally_attempts(words[2], groups) : bare_attempts(words[2], groups);
  figures["attempts_per_s"] = groups * group / figures["wall_us"] * 1e6;
  return figures;
}

Figures ledger_polls(const Words& words) {
  const Folder folder;
  tally::ClientOptions options;
  options.api_key = "sk-bench";
  options.base_url = words[2];
  options.provider = "deepseek";
  if (words[1] != "none") options.ledger = open_ledger(folder.file(), words[1]);
  const auto ledger = options.ledger;
  std::thread writer;
  if (words[1] == "durable") writer = std::thread([&] { ledger->run_writer(); });
  const auto client = tally::Client::open(std::move(options));
  if (!client) fail(client.error().message);
  Figures figures = percentiles(poll_often(*client, std::atoi(words[3].c_str())));
  if (writer.joinable()) {
    client->shutdown(std::chrono::seconds(5));
    ledger->stop_writer();
    writer.join();
  }
  return figures;
}

Figures fill_ledger(const Words& words) {
  const std::int64_t rows = std::atoll(words[2].c_str());
  const tally::LedgerRow sample = settled_row(reserved_row());
  {
    const tally::Ledger ledger = open_ledger(words[1], "durable");
    write(ledger, tally::LedgerWrite::Kind::settle, {sample});
  }
  BareSqlite db(words[1]);
  std::string names;
  std::string values;
  for (const std::string& name : db.ledger_columns()) {
    std::string value = "sample." + name;
    if (name == "attempt_id" || name == "call_id") value = "printf('%032d', i)";
    if (name == "started_us" || name == "completed_us" || name == "billed_us") {
      value = std::to_string(first_us) + "+i*" + std::to_string(30 * day_us / rows);
    }
    if (name == "cost_nano") value = "1000+i*7919%100000";
    if (name == "cost_frac") value = "i*104729%1000000000";
    names += (names.empty() ? "" : ",") + name;
    values += (values.empty() ? "" : ",") + value;
  }
  db.run("PRAGMA synchronous=OFF; BEGIN");
  db.run("WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i+1 FROM n WHERE i<" +
         std::to_string(rows - 1) + ") INSERT INTO ledger(" + names + ") SELECT " + values +
         " FROM n CROSS JOIN ledger sample WHERE sample.row_id=1");
  db.run("INSERT INTO ledger_label SELECT row_id, 'npc', 'smith' FROM ledger WHERE row_id>1");
  db.run(
      "INSERT INTO ledger_label SELECT row_id, 'player', 'p-' || (row_id*7919%100) "
      "FROM ledger WHERE row_id>1");
  db.run("DELETE FROM ledger WHERE row_id=1; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  return {{"rows", static_cast<double>(rows)}};
}

Figures ledger_spend(const Words& words) {
  return words[1] == "tally" ? tally_spend(words[2]) : bare_spend(words[2]);
}

}  // namespace bench
