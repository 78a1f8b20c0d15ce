// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "ledger/postgres_questions.hpp"
#include "ledger/postgres_row.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// The local days from the first row to the last, for `width_bucket`: which days there are is
/// decided here, since the server's idea of a zone may be another one.
struct Days {
  std::vector<std::string> dates;
  std::string begins = "{0}";  ///< As an array.
};

Days days_between(const TimeZone& zone, Instant first, Instant last) {
  Days days;
  days.begins = "{";
  for (Instant at = first; at <= last;) {
    LocalDay day = local_day(zone, at);
    if (!days.dates.empty()) days.begins += ',';
    days.begins += std::to_string(microseconds_of(day.span.begin));
    days.dates.push_back(std::move(day.date));
    if (day.span.end <= at) break;
    at = day.span.end;
  }
  days.begins += '}';
  return days;
}

// One column for each way of grouping, a constant where it is not asked for, and then the sums.
// Tokens and amounts are summed as numeric, which cannot overflow.
constexpr const char* sums = R"sql(
  count(DISTINCT call_id), count(*), coalesce(sum(billed_cache_hit), 0),
  coalesce(sum(billed_cache_miss), 0), coalesce(sum(billed_cache_write), 0),
  coalesce(sum(billed_output), 0),
  coalesce(sum(cost) FILTER (WHERE state = 'settled'), 0),
  coalesce(sum(cost) FILTER (WHERE state = 'estimated'), 0),
  coalesce(sum(cost) FILTER (WHERE state = 'partial'), 0),
  count(*) FILTER (WHERE state = 'unpriced'), count(*) FILTER (WHERE state = 'reserved'),
  coalesce(sum(reported_difference) FILTER (
    WHERE reported_difference_currency = coalesce(currency, hold_currency)), 0)
)sql";

/// Reads sums; remembers that one does not fit.
class SumReader {
 public:
  SumReader(const PGresult* result, int row, int first) : result_(result), row_(row), at_(first) {}

  std::int64_t whole() {
    const std::string_view text = next();
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    fits_ = fits_ && read.ec == std::errc() && read.ptr == text.data() + text.size();
    return number;
  }
  Decimal amount() {
    const auto value = Decimal::parse(next());
    fits_ = fits_ && value;
    return value ? *value : Decimal{};
  }
  bool fits() const { return fits_; }

 private:
  std::string_view next() { return field_of(result_, row_, at_++).value_or(""); }

  const PGresult* result_;
  int row_;
  int at_;
  bool fits_ = true;
};

bool is_before(const LedgerTotal& a, const LedgerTotal& b) {
  const auto currency = [](const LedgerTotal& total) {
    return total.currency ? total.currency->view() : std::string_view();
  };
  const auto key = [&](const LedgerTotal& total) {
    return std::make_tuple(std::string_view(total.provider), std::string_view(total.model),
                           std::string_view(total.label), total.state, std::string_view(total.day),
                           currency(total));
  };
  return key(a) < key(b);
}

Result<LedgerTotal> read_total(const PGresult* result, int row, const LedgerGrouping& grouping,
                               const Days& days) {
  const auto text = [&](int column) {
    return std::string(field_of(result, row, column).value_or(""));
  };
  LedgerTotal total;
  total.provider = text(0);
  total.model = text(1);
  total.label = text(2);
  if (grouping.by_state) total.state = bill_state_from_text(text(3));
  const std::int64_t day = whole_of(result, row, 4);
  if (day > 0 && day <= static_cast<std::int64_t>(days.dates.size())) {
    total.day = days.dates[static_cast<std::size_t>(day - 1)];
  }
  if (const auto currency = Currency::parse(text(5))) total.currency = *currency;
  SumReader in(result, row, 6);
  total.calls = in.whole();
  total.attempts = in.whole();
  total.cache_hit_tokens = in.whole();
  total.cache_miss_tokens = in.whole();
  total.cache_write_tokens = in.whole();
  total.output_tokens = in.whole();
  total.settled = in.amount();
  total.estimated = in.amount();
  total.partial = in.amount();
  total.unpriced_attempts = in.whole();
  total.reserved_attempts = in.whole();
  total.reported_difference = in.amount();
  if (!in.fits()) {
    return Error{ErrorKind::limit_exceeded, "a sum of the ledger is more than an amount can hold"};
  }
  return total;
}

}  // namespace

Result<std::vector<LedgerTotal>> PostgresQuestions::totals(const LedgerFilter& filter,
                                                           const LedgerGrouping& grouping) {
  PostgresCondition condition = condition_of(filter);
  Days days;
  if (grouping.by_day) {
    auto ends =
        ask("SELECT min(coalesce(billed_us, started_us)), max(coalesce(billed_us, started_us))"
            " FROM tally_ledger WHERE " +
                condition.text,
            condition.parameters);
    if (!ends) return std::move(ends).error();
    if (!field_of(ends->get(), 0, 0)) return std::vector<LedgerTotal>();
    days = days_between(grouping.zone, instant_of(whole_of(ends->get(), 0, 0)),
                        instant_of(whole_of(ends->get(), 0, 1)));
    // A row that came meanwhile would lie after the last day.
    condition.add("coalesce(billed_us, started_us) <= ",
                  std::string(field_of(ends->get(), 0, 1).value_or("")));
  }
  std::string label = "''";
  if (!grouping.by_label.empty()) {
    condition.parameters.add(clean_text(grouping.by_label));
    label = "coalesce(labels->>$" + std::to_string(condition.parameters.size()) + "::text, '')";
  }
  std::string day = "0";
  if (grouping.by_day) {
    condition.parameters.add(days.begins);
    day = "width_bucket(coalesce(billed_us, started_us), $" +
          std::to_string(condition.parameters.size()) + "::bigint[])";
  }
  auto groups = ask(std::string("SELECT ") + (grouping.by_provider ? "provider" : "''") + ", " +
                        (grouping.by_model ? "model_requested" : "''") + ", " + label + ", " +
                        (grouping.by_state ? "state" : "''") + ", " + day +
                        ", coalesce(currency, hold_currency)," + sums +
                        " FROM tally_ledger WHERE " + condition.text + " GROUP BY 1, 2, 3, 4, 5, 6",
                    condition.parameters);
  if (!groups) return std::move(groups).error();
  std::vector<LedgerTotal> totals;
  for (int i = 0; i < PQntuples(groups->get()); ++i) {
    auto total = read_total(groups->get(), i, grouping, days);
    if (!total) return std::move(total).error();
    totals.push_back(std::move(*total));
  }
  std::sort(totals.begin(), totals.end(), is_before);
  return totals;
}

}  // namespace TALLY_ABI
}  // namespace tally
