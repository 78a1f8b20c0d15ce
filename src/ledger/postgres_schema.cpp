// SPDX-License-Identifier: MIT
#include "ledger/postgres_schema.hpp"

#include <iterator>

#include "ledger/postgres_row.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Grows with every change of what stands below and in postgres_*functions.cpp.
constexpr int schema_version = 2;

// Any number of clients that begin at once stand in line behind this key ("tally" in ASCII).
constexpr const char* creation_key = "499918303353";

// Amounts of rows are what a Decimal holds; sums over them may be larger.
constexpr std::string_view tables = R"sql(
CREATE TABLE tally_meta(key text PRIMARY KEY, value text NOT NULL);

-- Immutable, found by the hash of its content.
CREATE TABLE tally_price(sha256 text PRIMARY KEY, json text NOT NULL,
  first_used timestamptz NOT NULL DEFAULT now());

CREATE TYPE tally_row AS (@typed_columns@);

-- One row for each attempt. `owner`: the advisory lock that the client which reserved it holds as
-- long as it lives.
CREATE TABLE tally_ledger(
  row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner bigint, @typed_columns@,
  UNIQUE(attempt_id),
  CHECK(state IN ('reserved', 'settled', 'estimated', 'partial', 'unpriced', 'not_billed')));
CREATE INDEX tally_ledger_call ON tally_ledger USING hash(call_id);
CREATE INDEX tally_ledger_time ON tally_ledger(coalesce(billed_us, started_us));
CREATE INDEX tally_ledger_labels ON tally_ledger USING gin(labels jsonb_path_ops);
CREATE INDEX tally_ledger_open ON tally_ledger(owner) WHERE state = 'reserved';

CREATE TABLE tally_history(attempt_id text COLLATE "C", revision int, replaced_us bigint NOT NULL,
  reason text NOT NULL, state text NOT NULL, cost numeric, currency text, before jsonb NOT NULL,
  PRIMARY KEY(attempt_id, revision));

-- `counted`: what decides which rows count, and how.
CREATE TABLE tally_budget(budget_id text COLLATE "C" PRIMARY KEY, counted jsonb NOT NULL,
  json text NOT NULL);
-- Whoever changes a budget's counters locks its gate first.
CREATE TABLE tally_budget_gate(budget_id text COLLATE "C" PRIMARY KEY);
-- Derived from the entries, which tally_verify proves. `carried`: what pruned rows had counted.
CREATE TABLE tally_budget_window(budget_id text COLLATE "C", window_begin bigint, window_end bigint,
  currency text NOT NULL, spent numeric NOT NULL DEFAULT 0, held numeric NOT NULL DEFAULT 0,
  estimated numeric NOT NULL DEFAULT 0, unpriced_calls bigint NOT NULL DEFAULT 0,
  carried numeric NOT NULL DEFAULT 0, carried_estimated numeric NOT NULL DEFAULT 0,
  carried_unpriced bigint NOT NULL DEFAULT 0, PRIMARY KEY(budget_id, window_begin, window_end));
-- One attempt's part in one budget. Open until `charged` is there.
CREATE TABLE tally_budget_entry(attempt_id text COLLATE "C", budget_id text COLLATE "C",
  window_begin bigint NOT NULL, window_end bigint NOT NULL, currency text NOT NULL,
  started_us bigint NOT NULL, held numeric NOT NULL, charged numeric, is_estimate boolean NOT NULL,
  is_unpriced boolean NOT NULL, PRIMARY KEY(attempt_id, budget_id));
CREATE INDEX tally_budget_entry_time ON tally_budget_entry(budget_id, started_us);
CREATE INDEX tally_budget_entry_open ON tally_budget_entry(budget_id) WHERE charged IS NULL;

CREATE TABLE tally_balance(provider text, account text, at_us bigint, available boolean NOT NULL,
  amounts jsonb NOT NULL, raw text NOT NULL, PRIMARY KEY(provider, account, at_us));
)sql";

// Upgrade n leads from version n + 1 to n + 2, and the functions are replaced after the last. New
// columns come last, here as there. A published one is never changed; the next one goes below.
constexpr std::string_view upgrades[] = {
    R"sql(
ALTER TYPE tally_row ADD ATTRIBUTE billed_extras text;
ALTER TABLE tally_ledger ADD COLUMN billed_extras text;
)sql"};
static_assert(std::size(upgrades) + 1 == schema_version);

std::string filled_in(std::string_view text) {
  std::string filled(text);
  const auto replace = [&](std::string_view mark, const std::string& by) {
    for (std::size_t at = filled.find(mark); at != std::string::npos; at = filled.find(mark, at)) {
      filled.replace(at, mark.size(), by);
      at += by.size();
    }
  };
  replace("@typed_columns@", typed_row_columns());
  replace("@columns@", row_columns());
  return filled;
}

/// 0: the tables are not there yet.
Result<std::int64_t> version_of(PostgresConnection& connection) {
  // Not to_regclass: it answers from a cache that would not show what was made while this
  // transaction waited for its lock.
  auto there = connection.ask(
      "SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
      " WHERE c.relname = 'tally_meta' AND n.nspname = ANY(current_schemas(false)))",
      {});
  if (!there) return std::move(there).error();
  if (field_of(there->get(), 0, 0) != "t") return std::int64_t{0};
  auto version = connection.ask("SELECT value FROM tally_meta WHERE key = 'version'", {});
  if (!version) return std::move(version).error();
  return PQntuples(version->get()) == 1 ? whole_of(version->get(), 0, 0) : 0;
}

/// What leads from that version to this one.
std::string statements_from(std::int64_t version) {
  std::string statements;
  if (version == 0) statements = tables;
  for (std::size_t n = static_cast<std::size_t>(version); n > 0 && n <= std::size(upgrades); ++n) {
    statements += upgrades[n - 1];
  }
  statements += postgres_rule_functions;
  statements += postgres_write_functions;
  statements += postgres_care_functions;
  return filled_in(statements) + "INSERT INTO tally_meta VALUES ('version', '" +
         std::to_string(schema_version) +
         "') ON CONFLICT (key) DO UPDATE SET value = excluded.value;";
}

Result<void> bring_up_to_date(PostgresConnection& connection) {
  if (auto begun = connection.ask("BEGIN", {}); !begun) return std::move(begun).error();
  const std::string lock = std::string("SELECT pg_advisory_xact_lock(") + creation_key + ")";
  if (auto locked = connection.ask(lock, {}); !locked) return std::move(locked).error();
  auto version = version_of(connection);  // Somebody may have been faster.
  if (version && *version < schema_version) {
    const PostgresResult made(PQexec(connection.handle(), statements_from(*version).c_str()));
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) {
      const Error error =
          postgres_error("the tables cannot be made, or brought to version " +
                         std::to_string(schema_version) + ": " + words_of(made.get()));
      connection.close();  // Which ends the transaction.
      return error;
    }
  }
  auto ended = connection.ask("COMMIT", {});
  return ended ? Result<void>() : Result<void>(std::move(ended).error());
}

}  // namespace

Result<void> ensure_postgres_schema(PostgresConnection& connection) {
  auto version = version_of(connection);
  if (version && *version < schema_version) {
    if (auto made = bring_up_to_date(connection); !made) return made;
    version = version_of(connection);
  }
  if (!version) return std::move(version).error();
  if (*version > schema_version) {
    return Error{ErrorKind::unsupported,
                 "the ledger's tables were made by a newer tally: their version is " +
                     std::to_string(*version) + ", and this one knows " +
                     std::to_string(schema_version)};
  }
  return {};
}

}  // namespace TALLY_ABI
}  // namespace tally
