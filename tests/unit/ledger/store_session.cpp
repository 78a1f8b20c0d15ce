// SPDX-License-Identifier: MIT
#include "unit/ledger/store_session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <utility>

namespace contract {

using tally::BillState;
using tally::LedgerRow;
using tally::LedgerWrite;

Session::Session(const StoreUnderTest& under_test) : store_(under_test.open()) {
  REQUIRE(static_cast<bool>(store_));
}

tally::LedgerDone Session::reserve(LedgerRow row, std::vector<tally::BudgetHold> budgets) {
  return write({0, LedgerWrite::Kind::reserve, std::move(row), std::move(budgets)});
}

tally::LedgerDone Session::settle(LedgerRow row, std::vector<tally::BudgetHold> budgets) {
  return write({0, LedgerWrite::Kind::settle, std::move(row), std::move(budgets)});
}

tally::LedgerDone Session::revise(LedgerRow row) {
  return write({0, LedgerWrite::Kind::revise, std::move(row), {}});
}

tally::LedgerDone Session::write(LedgerWrite write) {
  std::vector<LedgerWrite> batch;
  batch.push_back(std::move(write));
  return write_all(std::move(batch)).front();
}

std::vector<tally::LedgerDone> Session::write_all(std::vector<LedgerWrite> batch) {
  const std::size_t count = batch.size();
  for (std::size_t i = 0; i < count; ++i) batch[i].ticket = i + 1;
  store_->submit(std::move(batch));
  std::vector<tally::LedgerDone> in_order;
  for (auto& [ticket, done] : answers(count)) in_order.push_back(std::move(done));
  return in_order;
}

std::map<std::uint64_t, tally::LedgerDone> Session::answers(std::size_t count) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + std::chrono::seconds(60);
  std::map<std::uint64_t, tally::LedgerDone> answers;
  while (answers.size() < count) {
    for (tally::LedgerDone& done : store_->collect()) {
      const std::uint64_t ticket = done.ticket;
      REQUIRE(answers.emplace(ticket, std::move(done)).second);  // Never twice.
    }
    const std::string why = store_->waiting_for();
    CAPTURE(why);
    REQUIRE(steady_clock::now() < until);
    if (answers.size() < count) store_->await(std::chrono::milliseconds(20));
  }
  return answers;
}

std::vector<LedgerRow> Session::rows(const tally::LedgerFilter& filter) {
  std::vector<LedgerRow> all;
  const auto read = store_->each_row(filter, [&](const LedgerRow& row) {
    all.push_back(row);
    return true;
  });
  REQUIRE_MESSAGE(read, read.error().message);
  return all;
}

LedgerRow Session::row(const std::string& attempt_id) {
  for (LedgerRow& row : rows()) {
    if (row.attempt_id == attempt_id) return std::move(row);
  }
  FAIL("no row " << attempt_id);
  return {};
}

tally::BudgetStatus Session::status(const tally::BudgetHold& where) {
  auto status = store_->budget_status(*where.budget, where.window);
  REQUIRE_MESSAGE(status, status.error().message);
  return *std::move(status);
}

void Session::set(const tally::BudgetHold& budget) {
  const auto kept = store_->put_budget(*budget.budget);
  REQUIRE_MESSAGE(kept, kept.error().message);
}

tally::Instant at(std::string_view text) {
  const auto instant = tally::parse_instant(text);
  REQUIRE_MESSAGE(instant, std::string(text));
  return *instant;
}

tally::Decimal decimal(std::string_view text) {
  const auto value = tally::Decimal::parse(text);
  REQUIRE_MESSAGE(value, std::string(text));
  return *value;
}

tally::Money dollars(std::string_view text) { return {decimal(text), tally::usd}; }
tally::Money yuan(std::string_view text) { return {decimal(text), tally::cny}; }

std::string attempt(int number) {
  char text[37];
  std::snprintf(text, sizeof text, "01978a00-0000-7000-8000-%012d", number);
  return text;
}

LedgerRow reserved(int number, std::string_view hold) {
  LedgerRow row;
  row.attempt_id = attempt(number);
  row.call_id = row.attempt_id;
  row.call_id[14] = '8';  // A number of its own, and not the attempt's.
  row.provider = "deepseek";
  row.host = "api.deepseek.com";
  row.model_requested = "deepseek-chat";
  row.started = at("2026-04-05T12:00:00Z");
  if (!hold.empty()) row.hold = dollars(hold);
  return row;
}

namespace {

LedgerRow ended(LedgerRow row, BillState state, const char* reason) {
  row.state = state;
  row.reason = reason;
  row.revision = 1;
  row.billed_at = row.completed = row.started + std::chrono::seconds(2);
  row.http_status = 200;
  row.usage.source = tally::UsageSource::provider;
  return row;
}

}  // namespace

LedgerRow settled(LedgerRow row, std::string_view cost) {
  row = ended(std::move(row), BillState::settled, "");
  row.cost.total = dollars(cost);
  return row;
}

LedgerRow estimated(LedgerRow row, std::string_view cost, const char* reason) {
  row = ended(std::move(row), BillState::estimated, reason);
  row.cost.total = dollars(cost);
  row.cost.is_estimate = true;
  row.usage.source = tally::UsageSource::estimator;
  return row;
}

LedgerRow partial(LedgerRow row, std::string_view cost) {
  row = ended(std::move(row), BillState::partial, "");
  row.cost.total = dollars(cost);
  row.cost.is_lower_bound = true;
  return row;
}

LedgerRow unpriced(LedgerRow row) {
  row = ended(std::move(row), BillState::unpriced, "");
  row.cost.unpriced_reason = tally::UnpricedReason::unknown_model;
  row.cost.unpriced_message = "no catalogue knows it";
  return row;
}

LedgerRow not_billed(LedgerRow row) {
  row = ended(std::move(row), BillState::not_billed, "http_429");
  row.http_status = 429;
  row.usage.source = tally::UsageSource::none;
  return row;
}

LedgerRow begun(LedgerRow row, std::string_view start) {
  const tally::Instant begin = at(start);
  const auto moved = begin - row.started;
  row.started = begin;
  if (row.completed) *row.completed += moved;
  if (row.billed_at) *row.billed_at += moved;
  return row;
}

tally::Budget budget(const char* id, std::string_view limit) {
  tally::Budget budget;
  budget.id = id;
  budget.limit = dollars(limit);
  return budget;
}

tally::Budget daily(const char* id, std::string_view limit) {
  tally::Budget day = budget(id, limit);
  day.window = tally::BudgetWindow::day;
  return day;
}

tally::BudgetHold hold(const tally::Budget& budget, std::string_view amount) {
  const tally::TimeSpan always{tally::Instant{}, tally::Instant::max()};
  const bool is_daily = budget.window == tally::BudgetWindow::day;
  return hold(budget, amount, is_daily ? day("2026-04-05") : always);
}

tally::BudgetHold hold(const tally::Budget& budget, std::string_view amount,
                       tally::TimeSpan window) {
  tally::BudgetHold hold;
  hold.budget = std::make_shared<const tally::Budget>(budget);
  hold.window = window;
  if (!amount.empty()) hold.amount = decimal(amount);
  return hold;
}

tally::TimeSpan day(std::string_view date) {
  const tally::Instant begin = at(std::string(date) + "T00:00:00Z");
  return {begin, begin + std::chrono::hours(24)};
}

void spend(Session& session, int number, const tally::BudgetHold& where, std::string_view cost) {
  LedgerRow row = reserved(number, cost);
  row.started = std::max(row.started, where.window.begin);
  const auto done = session.reserve(row, {where});
  REQUIRE_FALSE(done.error);
  REQUIRE_FALSE(done.refusal);
  REQUIRE_FALSE(session.settle(settled(row, cost), {where}).error);
}

std::string figures(const tally::BudgetStatus& status) {
  return to_string(status.spent) + ' ' + to_string(status.held) + ' ' +
         to_string(status.estimated) + ' ' + std::to_string(status.unpriced_calls) + ' ' +
         std::to_string(status.in_flight);
}

namespace {

void check_equal(const std::optional<tally::Money>& read, const std::optional<tally::Money>& want) {
  REQUIRE(read.has_value() == want.has_value());
  if (read) CHECK(*read == *want);
}

void check_equal(const tally::Usage& read, const tally::Usage& want) {
  CHECK(read.prompt_tokens == want.prompt_tokens);
  CHECK(read.prompt_cache_hit_tokens == want.prompt_cache_hit_tokens);
  CHECK(read.prompt_cache_miss_tokens == want.prompt_cache_miss_tokens);
  CHECK(read.cache_write_tokens == want.cache_write_tokens);
  CHECK(read.completion_tokens == want.completion_tokens);
  CHECK(read.reasoning_tokens == want.reasoning_tokens);
  CHECK(read.total_tokens == want.total_tokens);
  CHECK(read.billed.cache_miss == want.billed.cache_miss);
  CHECK(read.billed.cache_hit == want.billed.cache_hit);
  CHECK(read.billed.cache_write == want.billed.cache_write);
  CHECK(read.billed.output == want.billed.output);
  using Parts = tally::BilledTokens::Parts;
  for (std::int64_t Parts::*part : {&Parts::audio_miss, &Parts::image_miss, &Parts::audio_hit,
                                    &Parts::write_1h, &Parts::audio_output, &Parts::image_output}) {
    CHECK(read.billed.parts.*part == want.billed.parts.*part);
  }
  REQUIRE(read.units.size() == want.units.size());
  for (std::size_t i = 0; i < want.units.size(); ++i) {
    CHECK(read.units[i].name == want.units[i].name);
    CHECK(read.units[i].count == want.units[i].count);
  }
  CHECK(read.source == want.source);
  CHECK(read.anomalies == want.anomalies);
  CHECK(read.service_tier == want.service_tier);
  CHECK(read.raw == want.raw);
  REQUIRE(read.reported_cost.has_value() == want.reported_cost.has_value());
  if (!read.reported_cost) return;
  CHECK(read.reported_cost->money == want.reported_cost->money);
  CHECK(read.reported_cost->text == want.reported_cost->text);
  CHECK(read.reported_cost->rounded == want.reported_cost->rounded);
}

void check_lines(const tally::Cost& read, const tally::Cost& want) {
  REQUIRE(read.lines.size() == want.lines.size());
  for (std::size_t i = 0; i < read.lines.size(); ++i) {
    CHECK(read.lines[i].bucket == want.lines[i].bucket);
    CHECK(read.lines[i].quantity == want.lines[i].quantity);
    CHECK(read.lines[i].per_token == want.lines[i].per_token);
    CHECK(read.lines[i].amount == want.lines[i].amount);
    CHECK(read.lines[i].unit == want.lines[i].unit);
  }
  REQUIRE(read.without_price.size() == want.without_price.size());
  for (std::size_t i = 0; i < read.without_price.size(); ++i) {
    CHECK(read.without_price[i].bucket == want.without_price[i].bucket);
    CHECK(read.without_price[i].quantity == want.without_price[i].quantity);
    CHECK(read.without_price[i].unit == want.without_price[i].unit);
  }
}

void check_equal(const tally::Cost& read, const tally::Cost& want) {
  check_equal(read.total, want.total);
  CHECK(read.is_estimate == want.is_estimate);
  CHECK(read.is_lower_bound == want.is_lower_bound);
  check_lines(read, want);
  CHECK(read.unpriced_reason == want.unpriced_reason);
  CHECK(read.unpriced_message == want.unpriced_message);
  REQUIRE(read.bounds.has_value() == want.bounds.has_value());
  if (read.bounds) {
    CHECK(read.bounds->low == want.bounds->low);
    CHECK(read.bounds->high == want.bounds->high);
  }
  REQUIRE(read.reported.has_value() == want.reported.has_value());
  if (read.reported) {
    CHECK(read.reported->money == want.reported->money);
    CHECK(read.reported->text == want.reported->text);
    CHECK(read.reported->rounded == want.reported->rounded);
  }
  check_equal(read.reported_difference, want.reported_difference);
  CHECK(read.flags == want.flags);
}

void check_equal(const std::optional<tally::PriceReference>& read,
                 const std::optional<tally::PriceReference>& want) {
  REQUIRE(read.has_value() == want.has_value());
  if (!read) return;
  CHECK(read->entry_id == want->entry_id);
  CHECK(read->sha256 == want->sha256);
  CHECK(read->catalog_version == want->catalog_version);
  CHECK(read->model == want->model);
  CHECK(read->band == want->band);
  CHECK(read->service_tier == want->service_tier);
  CHECK(read->context_tier == want->context_tier);
}

}  // namespace

void check_equal(const LedgerRow& read, const LedgerRow& want) {
  CHECK(read.attempt_id == want.attempt_id);
  CHECK(read.call_id == want.call_id);
  CHECK(read.attempt_number == want.attempt_number);
  CHECK(read.revision == want.revision);
  CHECK(read.state == want.state);
  CHECK(read.reason == want.reason);
  CHECK(read.provider == want.provider);
  CHECK(read.host == want.host);
  CHECK(read.model_requested == want.model_requested);
  CHECK(read.model_reported == want.model_reported);
  CHECK(read.service_tier_requested == want.service_tier_requested);
  CHECK(read.streamed == want.streamed);
  CHECK(read.labels == want.labels);
  CHECK(read.started.time_since_epoch().count() == want.started.time_since_epoch().count());
  CHECK((read.completed == want.completed));
  CHECK((read.billed_at == want.billed_at));
  CHECK((read.first_byte_after == want.first_byte_after));
  check_equal(read.usage, want.usage);
  check_equal(read.cost, want.cost);
  check_equal(read.price, want.price);
  check_equal(read.hold, want.hold);
  CHECK(read.http_status == want.http_status);
  CHECK(read.finish_reason == want.finish_reason);
  CHECK(read.error == want.error);
  CHECK(read.request_id == want.request_id);
  CHECK(read.response_id == want.response_id);
}

}  // namespace contract
