// SPDX-License-Identifier: MIT
// What a PostgresWriter says: settings once in each session, and transactions.
#include <algorithm>
#include <utility>

#include "ledger/postgres_answer.hpp"
#include "ledger/postgres_row.hpp"
#include "ledger/postgres_writer.hpp"
#include "ledger/row_text.hpp"
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_in_transaction = 256;

struct Prepared {
  const char* name;
  std::string statement;
};

const std::vector<Prepared>& prepared() {
  const std::string row = "ROW(" + row_placeholders() + ")::tally_row";
  const auto after = [](int more) {
    const auto columns = std::count(row_placeholders().begin(), row_placeholders().end(), '$');
    return "$" + std::to_string(columns + more);
  };
  static const std::vector<Prepared> all = {
      {"tally_lock", "SELECT tally_lock($1, $2)"},
      {"tally_price", "INSERT INTO tally_price VALUES ($1, $2) ON CONFLICT DO NOTHING"},
      {"tally_reserve", "SELECT tally_reserve(" + row + ", " + after(1) + ", " + after(2) + ")"},
      {"tally_settle", "SELECT tally_settle(" + row + ", " + after(1) + ", " + after(2) + ")"},
      {"tally_revise",
       "SELECT tally_revise(" + row + ", " + after(1) + ", " + after(2) + ", " + after(3) + ")"},
  };
  return all;
}

bool send_prepared(PGconn* connection, const char* name, const PostgresParameters& parameters) {
  const std::vector<const char*> values = parameters.values();
  return PQsendQueryPrepared(connection, name, parameters.size(), values.data(), nullptr, nullptr,
                             0) == 1;
}

}  // namespace

bool PostgresWriter::send_settings() {
  PGconn* connection = connection_.handle();
  if (PQsetnonblocking(connection, 1) != 0 || PQenterPipelineMode(connection) != 1) return false;
  const Expected statement{Expected::Kind::statement};
  bool sent = expect(PQsendQueryParams(connection, postgres_session_settings, 0, nullptr, nullptr,
                                       nullptr, nullptr, 0) == 1,
                     statement);
  for (const Prepared& one : prepared()) {
    sent = sent && expect(PQsendPrepare(connection, one.name, one.statement.c_str(), 0, nullptr),
                          statement);
  }
  return sent && send_owner_lock() && send_sync();
}

void PostgresWriter::send_transaction(SteadyPoint until) {
  if (queue_.empty()) return;
  const bool alone = queue_.front().alone;
  const std::size_t most = alone ? 1 : most_in_transaction;
  while (!queue_.empty() && under_way_.size() < most && queue_.front().alone == alone) {
    under_way_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  answers_.assign(under_way_.size(), {});
  bool sent = send_locks();
  std::size_t count = 0;
  for (; sent && count < under_way_.size(); ++count) {
    // What does not fit into this turn of a frame goes into the next transaction.
    if (count > 0 && steady_clock::now() >= until) break;
    sent = send_price(under_way_[count].write.row) &&
           expect(send_write(under_way_[count]), {Expected::Kind::write, count});
  }
  while (sent && under_way_.size() > count) {
    queue_.push_front(std::move(under_way_.back()));
    under_way_.pop_back();
  }
  if (!sent || !send_sync()) lost(connection_.last_words());
}

bool PostgresWriter::send_owner_lock() {
  const std::string statement = "SELECT pg_try_advisory_lock(" + std::to_string(owner_) + ")";
  return expect(PQsendQueryParams(connection_.handle(), statement.c_str(), 0, nullptr, nullptr,
                                  nullptr, nullptr, 0) == 1,
                {Expected::Kind::owner_lock});
}

bool PostgresWriter::send_locks() {
  // After a broken connection the server may keep the old session for a while, and with it the
  // lock: then it is tried again with the next transaction.
  if (!is_locked_ && !send_owner_lock()) return false;
  std::vector<std::string> budgets;
  std::vector<std::string> attempts;
  for (const Queued& queued : under_way_) {
    for (const BudgetHold& hold : queued.write.budgets) {
      budgets.push_back(clean_text(hold.budget->id));
    }
    // Its entries may lie in budgets that it does not name.
    if (queued.write.kind != LedgerWrite::Kind::reserve) {
      attempts.push_back(clean_text(queued.write.row.attempt_id));
    }
  }
  if (budgets.empty() && attempts.empty()) return true;
  PostgresParameters parameters;
  parameters.add(array_of(budgets)).add(array_of(attempts));
  return expect(send_prepared(connection_.handle(), "tally_lock", parameters),
                {Expected::Kind::statement});
}

bool PostgresWriter::send_price(const LedgerRow& row) {
  if (!row.cost.price || !row.cost.price->entry) return true;
  const PriceEntry& entry = *row.cost.price->entry;
  if (known_prices_.count(entry.sha256) != 0) return true;
  if (std::find(new_prices_.begin(), new_prices_.end(), entry.sha256) != new_prices_.end()) {
    return true;
  }
  PostgresParameters parameters;
  parameters.add(entry.sha256).add(entry.json);
  new_prices_.push_back(entry.sha256);
  return expect(send_prepared(connection_.handle(), "tally_price", parameters),
                {Expected::Kind::statement});
}

bool PostgresWriter::send_write(const Queued& queued) {
  const LedgerWrite& write = queued.write;
  PostgresParameters parameters;
  add_row(parameters, write.row);
  PGconn* connection = connection_.handle();
  if (write.kind == LedgerWrite::Kind::reserve) {
    parameters.add(owner_).add(budgets_json(write.budgets));
    return send_prepared(connection, "tally_reserve", parameters);
  }
  parameters.add(budgets_json(write.budgets)).add(microseconds_of(system_clock()->wall()));
  if (write.kind == LedgerWrite::Kind::settle) {
    return send_prepared(connection, "tally_settle", parameters);
  }
  parameters.add(queued.was_sent ? "t" : "f");
  return send_prepared(connection, "tally_revise", parameters);
}

bool PostgresWriter::send_sync() {
  return expect(PQpipelineSync(connection_.handle()) == 1, {Expected::Kind::sync});
}

bool PostgresWriter::expect(bool was_sent, Expected what) {
  if (was_sent) expected_.push_back(what);
  return was_sent;
}

}  // namespace TALLY_ABI
}  // namespace tally
