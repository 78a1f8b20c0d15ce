// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "postgres/private_server.hpp"
#include "tally/ledger.hpp"
#include "unit/ledger/store_session.hpp"

// What the library itself made before there was anything but text to be billed, but for most of its
// functions: those are replaced in any case. Databases look like this for ever, so that this text
// never changes.
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE tally_meta(key text PRIMARY KEY, value text NOT NULL);

CREATE TABLE tally_price(sha256 text PRIMARY KEY, json text NOT NULL,
  first_used timestamptz NOT NULL DEFAULT now());

CREATE TYPE tally_row AS (
  attempt_id text COLLATE "C", call_id text COLLATE "C", attempt_number int, revision int,
  state text, reason text, provider text, host text, model_requested text, model_reported
  text, service_tier_requested text, streamed boolean, labels jsonb, started_us bigint,
  completed_us bigint, billed_us bigint, first_byte_us bigint, prompt_tokens bigint,
  prompt_cache_hit_tokens bigint, prompt_cache_miss_tokens bigint, cache_write_tokens bigint,
  completion_tokens bigint, reasoning_tokens bigint, total_tokens bigint, billed_cache_miss
  bigint, billed_cache_hit bigint, billed_cache_write bigint, billed_output bigint,
  usage_source text, anomalies text, usage_reported numeric(38,18), usage_reported_currency
  text, usage_reported_text text, usage_reported_rounded boolean, service_tier_served text,
  usage_raw text, cost numeric(38,18), currency text, is_estimate boolean, is_lower_bound
  boolean, cost_lines jsonb, unpriced_reason text, unpriced_message text, cost_low
  numeric(38,18), cost_low_currency text, cost_high numeric(38,18), cost_high_currency text,
  reported numeric(38,18), reported_currency text, reported_text text, reported_rounded
  boolean, reported_difference numeric(38,18), reported_difference_currency text, cost_flags
  text, price_entry text, price_sha256 text, price_catalog text, price_model text, price_band
  text, price_service_tier text, price_context_tier bigint, hold numeric(38,18), hold_currency
  text, http_status int, finish_reason text, error text, request_id text, response_id text);

CREATE TABLE tally_ledger(
  row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner bigint, 
  attempt_id text COLLATE "C", call_id text COLLATE "C", attempt_number int, revision int,
  state text, reason text, provider text, host text, model_requested text, model_reported
  text, service_tier_requested text, streamed boolean, labels jsonb, started_us bigint,
  completed_us bigint, billed_us bigint, first_byte_us bigint, prompt_tokens bigint,
  prompt_cache_hit_tokens bigint, prompt_cache_miss_tokens bigint, cache_write_tokens bigint,
  completion_tokens bigint, reasoning_tokens bigint, total_tokens bigint, billed_cache_miss
  bigint, billed_cache_hit bigint, billed_cache_write bigint, billed_output bigint,
  usage_source text, anomalies text, usage_reported numeric(38,18), usage_reported_currency
  text, usage_reported_text text, usage_reported_rounded boolean, service_tier_served text,
  usage_raw text, cost numeric(38,18), currency text, is_estimate boolean, is_lower_bound
  boolean, cost_lines jsonb, unpriced_reason text, unpriced_message text, cost_low
  numeric(38,18), cost_low_currency text, cost_high numeric(38,18), cost_high_currency text,
  reported numeric(38,18), reported_currency text, reported_text text, reported_rounded
  boolean, reported_difference numeric(38,18), reported_difference_currency text, cost_flags
  text, price_entry text, price_sha256 text, price_catalog text, price_model text, price_band
  text, price_service_tier text, price_context_tier bigint, hold numeric(38,18), hold_currency
  text, http_status int, finish_reason text, error text, request_id text, response_id text,
  UNIQUE(attempt_id),
  CHECK(state IN ('reserved', 'settled', 'estimated', 'partial', 'unpriced', 'not_billed')));
CREATE INDEX tally_ledger_call ON tally_ledger USING hash(call_id);
CREATE INDEX tally_ledger_time ON tally_ledger(coalesce(billed_us, started_us));
CREATE INDEX tally_ledger_labels ON tally_ledger USING gin(labels jsonb_path_ops);
CREATE INDEX tally_ledger_open ON tally_ledger(owner) WHERE state = 'reserved';

CREATE TABLE tally_history(attempt_id text COLLATE "C", revision int, replaced_us bigint NOT NULL,
  reason text NOT NULL, state text NOT NULL, cost numeric, currency text, before jsonb NOT NULL,
  PRIMARY KEY(attempt_id, revision));

CREATE TABLE tally_budget(budget_id text COLLATE "C" PRIMARY KEY, counted jsonb NOT NULL,
  json text NOT NULL);
CREATE TABLE tally_budget_gate(budget_id text COLLATE "C" PRIMARY KEY);
CREATE TABLE tally_budget_window(budget_id text COLLATE "C", window_begin bigint, window_end bigint,
  currency text NOT NULL, spent numeric NOT NULL DEFAULT 0, held numeric NOT NULL DEFAULT 0,
  estimated numeric NOT NULL DEFAULT 0, unpriced_calls bigint NOT NULL DEFAULT 0,
  carried numeric NOT NULL DEFAULT 0, carried_estimated numeric NOT NULL DEFAULT 0,
  carried_unpriced bigint NOT NULL DEFAULT 0, PRIMARY KEY(budget_id, window_begin, window_end));
CREATE TABLE tally_budget_entry(attempt_id text COLLATE "C", budget_id text COLLATE "C",
  window_begin bigint NOT NULL, window_end bigint NOT NULL, currency text NOT NULL,
  started_us bigint NOT NULL, held numeric NOT NULL, charged numeric, is_estimate boolean NOT NULL,
  is_unpriced boolean NOT NULL, PRIMARY KEY(attempt_id, budget_id));
CREATE INDEX tally_budget_entry_time ON tally_budget_entry(budget_id, started_us);
CREATE INDEX tally_budget_entry_open ON tally_budget_entry(budget_id) WHERE charged IS NULL;

CREATE TABLE tally_balance(provider text, account text, at_us bigint, available boolean NOT NULL,
  amounts jsonb NOT NULL, raw text NOT NULL, PRIMARY KEY(provider, account, at_us));

CREATE FUNCTION tally_erase(label jsonb) RETURNS bigint LANGUAGE sql AS $$
  SELECT -1::bigint $$;
INSERT INTO tally_meta VALUES ('version', '1');

INSERT INTO tally_ledger(attempt_id, call_id, attempt_number, revision, state, reason, provider,
    host, model_requested, model_reported, service_tier_requested, streamed, labels, started_us,
    completed_us, billed_us, prompt_tokens, completion_tokens, total_tokens, billed_cache_miss,
    billed_cache_hit, billed_cache_write, billed_output, usage_source, anomalies,
    usage_reported_text, usage_reported_rounded, service_tier_served, usage_raw, cost, currency,
    is_estimate, is_lower_bound, cost_lines, unpriced_reason, unpriced_message, reported_text,
    reported_rounded, cost_flags, http_status, finish_reason, error, request_id, response_id)
  VALUES ('0196-1', 'c-1', 1, 1, 'settled', '', 'p', 'h', 'm', 'm', '', true,
    '{"player": "p-117"}', 1775390400000000, 1775390402000000, 1775390402000000, 300, 50, 350, 200,
    100, 0, 50, 'provider', '', NULL, false, '', '{"prompt_tokens":300}', 0.000310000000000005,
    'USD', false, false,
    '[{"bucket":"output","quantity":50,"per_token":"0.000002","amount":"0.0001"}]', 'none', '',
    NULL, false, '', 200, 'stop', '', 'r-1', 's-1');
)sql";

std::string old_storage() {
  std::string conninfo = private_server::fresh_storage();
  private_server::ask(conninfo, version_1);
  return conninfo;
}

}  // namespace

TEST_CASE("postgres migration: a database of version 1 keeps its rows, and takes new ones") {
  const std::string conninfo = old_storage();
  const auto store = private_server::open(conninfo);
  contract::Session session({[store] { return store; }, true});
  const auto old = session.row("0196-1");
  CHECK(to_string(*old.cost.total) == "$0.000310000000000005");
  CHECK(old.usage.billed.cache_miss == 200);
  CHECK(old.usage.units.empty());
  CHECK(old.usage.raw == "{\"prompt_tokens\":300}");
  CHECK(old.labels == tally::Labels{{"player", "p-117"}});
  CHECK(private_server::ask(conninfo, "SELECT value FROM tally_meta WHERE key = 'version'") == "2");

  tally::LedgerRow row = contract::settled(contract::reserved(2), "0.25");
  row.usage.billed.cache_miss = 1000;
  row.usage.billed.parts.audio_miss = 600;
  row.usage.units = {{"search_query", 3}};
  CHECK_FALSE(session.settle(row).error);
  const auto read = session.row(row.attempt_id);
  CHECK(read.usage.billed.parts.audio_miss == 600);
  REQUIRE(read.usage.units.size() == 1);
  CHECK(read.usage.units[0].count == 3);
  // The functions are new, too.
  CHECK(*store->erase("player", "p-117") >= 1);
  CHECK(session.row("0196-1").labels.empty());
}

TEST_CASE("postgres migration: clients that begin at once bring it up to date once") {
  const std::string conninfo = old_storage();
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&conninfo] { (void)private_server::open(conninfo); });
  }
  for (std::thread& client : clients) client.join();
  const auto store = private_server::open(conninfo);
  contract::Session session({[store] { return store; }, true});
  CHECK(session.rows().size() == 1);
}
