// SPDX-License-Identifier: MIT
#include "tally/money.hpp"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// How many decimals of an exact number show its first two significant digits.
int decimals_of_two_digits(std::string_view digits) {
  const std::size_t point = digits.find('.');
  const std::size_t first = digits.find_first_of("123456789");
  if (point == std::string_view::npos || first == std::string_view::npos) return 0;
  const std::size_t second = first + 1 == point ? first + 2 : first + 1;
  const std::size_t last = std::min(second, digits.size() - 1);
  return last < point ? 0 : static_cast<int>(last - point);
}

// Only two signs are used: `$` and `¥` mean these two here, and every other currency goes by its
// code.
std::string with_currency(std::string digits, Currency currency) {
  const std::string_view sign = currency == usd ? "$" : currency == cny ? "\xC2\xA5" : "";
  if (sign.empty()) return digits.append(" ").append(currency.view());
  return digits.insert(digits.front() == '-' ? 1 : 0, sign);
}

Result<Money> total(std::optional<Decimal> amount, const Money& a, const Money& b) {
  Error error;
  if (a.currency != b.currency) {
    error.message.append("amounts in ").append(a.currency.view()).append(" and ");
    error.message.append(b.currency.view()).append(" do not add up: nothing is converted");
    return error;
  }
  if (!amount) {
    error.kind = ErrorKind::limit_exceeded;
    error.message = "the amount is beyond 9.2e18 " + std::string(a.currency.view());
    return error;
  }
  return Money{*amount, a.currency};
}

}  // namespace

Result<Currency> Currency::parse(std::string_view text) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() == 3 && std::all_of(text.begin(), text.end(), is_capital)) {
    return Currency{{text[0], text[1], text[2], '\0'}};
  }
  Error error;
  error.message = "not a currency code such as USD: '";
  error.message.append(text.substr(0, 20)).append("'");
  return error;
}

Result<Money> add(const Money& a, const Money& b) {
  return total(checked_add(a.amount, b.amount), a, b);
}

Result<Money> subtract(const Money& a, const Money& b) {
  return total(checked_subtract(a.amount, b.amount), a, b);
}

std::string to_string(const Money& money) {
  return with_currency(to_string(money.amount), money.currency);
}

std::string to_string_rounded(const Money& money, int decimals) {
  const int shown = std::max(decimals, decimals_of_two_digits(to_string(money.amount)));
  return with_currency(to_string_rounded(money.amount, shown), money.currency);
}

std::ostream& operator<<(std::ostream& out, const Money& money) { return out << to_string(money); }

}  // namespace TALLY_ABI
}  // namespace tally
