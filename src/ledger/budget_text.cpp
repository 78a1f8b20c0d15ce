// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include "base/json.hpp"
#include "ledger/json_object.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 6> window_names{"call", "hour",  "day",
                                                       "week", "month", "total"};
constexpr std::array<std::string_view, 2> on_exceed_names{"refuse", "warn"};
constexpr std::array<std::string_view, 3> on_unpriced_names{"refuse", "allow", "assume"};

template <class Name, class Names>
std::string_view name_of(Name value, const Names& names) {
  return names[static_cast<std::size_t>(value)];
}

/// Reads members, and keeps which one was wrong first.
class BudgetReader {
 public:
  explicit BudgetReader(const JsonValue& json) : json_(json) {}

  const char* wrong() const { return wrong_; }
  void fail(const char* name) {
    if (wrong_ == nullptr) wrong_ = name;
  }

  std::string text(const char* name) {
    const std::string_view* value = json_.find_string(name);
    if (value == nullptr) fail(name);
    return std::string(value == nullptr ? std::string_view() : *value);
  }

  Decimal decimal(const char* name) { return good(name, Decimal::parse(text(name))); }

  std::int64_t number(const char* name) {
    const JsonValue* value = json_.find(name);
    const auto count = value == nullptr ? std::nullopt : value->as_int();
    if (!count) fail(name);
    return count.value_or(0);
  }

  int small_number(const char* name) {
    const std::int64_t value = number(name);
    if (value != static_cast<int>(value)) fail(name);
    return static_cast<int>(value);
  }

  template <class Name, class Names>
  Name one_of(const char* name, const Names& names) {
    const std::string value = text(name);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == value) return static_cast<Name>(i);
    }
    fail(name);
    return Name{};
  }

  Labels labels(const char* name) {
    Labels labels;
    const JsonValue* object = json_.find(name);
    if (object == nullptr || !object->is_object()) {
      fail(name);
      return labels;
    }
    for (const JsonValue& member : object->children()) {
      if (member.as_string() == nullptr) fail(name);
      labels.emplace(member.key, member.text);
    }
    return labels;
  }

  template <class Value>
  Value good(const char* name, Result<Value> value) {
    if (value) return *std::move(value);
    fail(name);
    return Value{};
  }

 private:
  const JsonValue& json_;
  const char* wrong_ = nullptr;
};

}  // namespace

std::string budget_to_json(const Budget& budget) {
  return JsonObject()
      .text("id", clean_text(budget.id))
      .text("limit", to_string(budget.limit.amount))
      .text("currency", budget.limit.currency.view())
      .text("window", name_of(budget.window, window_names))
      .text("zone", to_string(budget.zone))
      .json("scope", labels_to_json(budget.scope))
      .number("soft_permille", budget.soft_permille)
      .text("on_exceed", name_of(budget.on_exceed, on_exceed_names))
      .text("on_unpriced", name_of(budget.on_unpriced, on_unpriced_names))
      .text("assume_input", to_string(budget.assume_input))
      .text("assume_output", to_string(budget.assume_output))
      .number("assume_max_tokens", budget.assume_max_tokens)
      .number("most_in_flight", budget.most_in_flight)
      .number("requests_per_minute", budget.requests_per_minute)
      .take();
}

Result<Budget> budget_from_json(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) {
    return Error{ErrorKind::ledger, "a stored budget is not JSON: " + parsed.error().message};
  }
  BudgetReader reader(parsed->root());
  Budget budget;
  budget.id = reader.text("id");
  budget.limit.amount = reader.decimal("limit");
  budget.limit.currency = reader.good("currency", Currency::parse(reader.text("currency")));
  budget.window = reader.one_of<BudgetWindow>("window", window_names);
  budget.zone = reader.good("zone", TimeZone::parse(reader.text("zone")));
  budget.scope = reader.labels("scope");
  budget.soft_permille = reader.small_number("soft_permille");
  budget.on_exceed = reader.one_of<OnExceed>("on_exceed", on_exceed_names);
  budget.on_unpriced = reader.one_of<OnUnpriced>("on_unpriced", on_unpriced_names);
  budget.assume_input = reader.decimal("assume_input");
  budget.assume_output = reader.decimal("assume_output");
  budget.assume_max_tokens = reader.number("assume_max_tokens");
  budget.most_in_flight = reader.small_number("most_in_flight");
  budget.requests_per_minute = reader.small_number("requests_per_minute");
  if (reader.wrong() == nullptr) return budget;
  return Error{ErrorKind::ledger, "the stored budget \"" + budget.id +
                                      "\" has no readable member \"" + reader.wrong() + "\""};
}

}  // namespace TALLY_ABI
}  // namespace tally
