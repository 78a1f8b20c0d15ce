// SPDX-License-Identifier: MIT
#include <array>
#include <initializer_list>
#include <limits>
#include <map>
#include <utility>

#include "ledger/row_text.hpp"
#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using LabelPair = std::pair<std::string_view, std::string_view>;

/// Prometheus' text format, version 0.0.4.
class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help);
    out_.append(" A floating-point number: for rates, not for books.\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  void sample(std::initializer_list<LabelPair> labels, const std::string& value) {
    out_.append(name_);
    char separator = '{';
    for (const auto& [key, text] : labels) {
      out_ += separator;
      out_.append(key).append("=\"");
      append_escaped(text);
      out_ += '"';
      separator = ',';
    }
    out_.append("} ").append(value).append("\n");
  }

  std::string take() && { return std::move(out_); }

 private:
  void append_escaped(std::string_view text) {
    for (const char c : clean_text(text)) {
      if (c == '\\' || c == '"') out_ += '\\';
      if (c == '\n') {
        out_ += "\\n";
      } else {
        out_ += c;
      }
    }
  }

  std::string_view name_;
  std::string out_;
};

/// Counts of one model, over its states and currencies.
struct Counts {
  std::int64_t cache_hit = 0;
  std::int64_t cache_miss = 0;
  std::int64_t cache_write = 0;
  std::int64_t output = 0;
  std::int64_t unpriced = 0;
};

// Counts are not negative. At the end of the range a counter stands still.
void add_to(std::int64_t& sum, std::int64_t count) {
  const std::int64_t room = std::numeric_limits<std::int64_t>::max() - sum;
  sum += count < room ? count : room;
}

using ByModel = std::map<std::pair<std::string, std::string>, Counts>;

ByModel counts_of(const std::vector<LedgerTotal>& totals) {
  ByModel models;
  for (const LedgerTotal& total : totals) {
    Counts& counts = models[{total.provider, total.model}];
    add_to(counts.cache_hit, total.cache_hit_tokens);
    add_to(counts.cache_miss, total.cache_miss_tokens);
    add_to(counts.cache_write, total.cache_write_tokens);
    add_to(counts.output, total.output_tokens);
    add_to(counts.unpriced, total.unpriced_attempts);
  }
  return models;
}

/// Reserved and unpriced rows have no amount, and 0 would be a lie.
bool has_amount(const LedgerTotal& total) {
  const auto state = total.state.value_or(BillState::reserved);
  return total.currency && (state == BillState::settled || state == BillState::estimated ||
                            state == BillState::partial);
}

void add_costs(Exposition& text, const std::vector<LedgerTotal>& totals) {
  text.family("tally_cost_total", "counter", "Cost of attempts, estimates by state.");
  for (const LedgerTotal& total : totals) {
    if (!has_amount(total)) continue;
    text.sample({{"currency", total.currency->view()},
                 {"provider", total.provider},
                 {"model", total.model},
                 {"state", to_string(*total.state)}},
                to_string(total.total()));
  }
}

void add_counts(Exposition& text, const ByModel& models) {
  text.family("tally_tokens_total", "counter", "Tokens billed, each in one kind.");
  for (const auto& [model, counts] : models) {
    const std::array<std::pair<std::string_view, std::int64_t>, 4> kinds{
        {{"cache_hit", counts.cache_hit},
         {"cache_miss", counts.cache_miss},
         {"cache_write", counts.cache_write},
         {"output", counts.output}}};
    for (const auto& [kind, count] : kinds) {
      text.sample({{"provider", model.first}, {"model", model.second}, {"kind", kind}},
                  std::to_string(count));
    }
  }
  text.family("tally_unpriced_calls_total", "counter", "Attempts whose cost is not known.");
  for (const auto& [model, counts] : models) {
    text.sample({{"provider", model.first}, {"model", model.second}},
                std::to_string(counts.unpriced));
  }
}

}  // namespace

Result<std::string> Ledger::prometheus(const LedgerFilter& filter) const {
  LedgerGrouping grouping;
  grouping.by_provider = true;
  grouping.by_model = true;
  grouping.by_state = true;
  const auto sums = totals(filter, grouping);
  if (!sums) return sums.error();
  Exposition text;
  add_costs(text, *sums);
  add_counts(text, counts_of(*sums));
  text.family("tally_budget_remaining", "gauge",
              "What a budget has left in its current window, holds taken off.");
  for (const Budget& budget : budgets()) {
    const auto status = budget_status(budget.id);
    if (!status) return status.error();
    text.sample({{"budget", budget.id}, {"currency", budget.limit.currency.view()}},
                to_string(status->left()));
  }
  return std::move(text).take();
}

}  // namespace TALLY_ABI
}  // namespace tally
