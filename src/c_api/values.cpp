// SPDX-License-Identifier: MIT
// Money, instants, estimates of text: what needs no handle.
#include <cstring>

#include "c_api/boundary.hpp"
#include "c_api/storage.hpp"
#include "tally/time.hpp"
#include "tally/transport.hpp"
#include "tally/usage.hpp"

using tally::Arguments;
using tally::at_boundary;
using tally::Decimal;
using tally::Result;

namespace {

tally_amount given_amount(const tally_amount* amount, std::string_view name, Arguments& given) {
  given.pointer(amount, name);
  return amount != nullptr ? *amount : tally_amount{};
}

Result<int32_t> put(const std::string& text, char* buffer, uint64_t capacity, Arguments& given) {
  given.pointer(buffer, "buffer");
  if (capacity <= text.size()) given.refuse("capacity", "is too small");
  if (!given.good()) return given.error();
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  return static_cast<int32_t>(text.size());
}

template <class Add>
int32_t combine(const tally_amount* a, const tally_amount* b, tally_amount* out, tally_error* error,
                Add add) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    const Decimal left = given.decimal(given_amount(a, "a", given), "a");
    const Decimal right = given.decimal(given_amount(b, "b", given), "b");
    given.value(out, "out");
    if (!given.good()) return given.error();
    const std::optional<Decimal> sum = add(left, right);
    if (!sum) return tally::fail(error, TALLY_E_LIMIT_EXCEEDED, "the amount does not fit");
    *out = tally::amount_of(*sum);
    return TALLY_OK;
  });
}

}  // namespace

extern "C" {

const char* tally_version(void) { return TALLY_VERSION; }

int32_t tally_curl_version(tally_string** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    auto version = tally::curl_version();
    if (!version) return std::move(version).error();
    *out = tally::new_string(*std::move(version)).release();
    return TALLY_OK;
  });
}

int32_t tally_decimal_parse(const char* text, uint64_t size, tally_amount* out,
                            tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.value(out, "out");
    const std::string_view digits = given.text(text, size, "text");
    if (!given.good()) return given.error();
    const Result<Decimal> read = Decimal::parse(digits);
    if (!read) return read.error();
    *out = tally::amount_of(*read);
    return TALLY_OK;
  });
}

int32_t tally_checked_add(const tally_amount* a, const tally_amount* b, tally_amount* out,
                          tally_error* error) {
  return combine(a, b, out, error, tally::checked_add);
}

int32_t tally_checked_subtract(const tally_amount* a, const tally_amount* b, tally_amount* out,
                               tally_error* error) {
  return combine(a, b, out, error, tally::checked_subtract);
}

int32_t tally_checked_multiply(const tally_amount* a, int64_t factor, tally_amount* out,
                               tally_error* error) {
  return combine(a, a, out, error, [factor](Decimal amount, Decimal) {
    return tally::checked_multiply(amount, factor);
  });
}

int32_t tally_amount_to_string(const tally_amount* amount, char* buffer, uint64_t capacity,
                               tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    const Decimal value = given.decimal(given_amount(amount, "amount", given), "amount");
    return put(tally::to_string(value), buffer, capacity, given);
  });
}

int32_t tally_money_to_string(const tally_money* money, int32_t decimals, char* buffer,
                              uint64_t capacity, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.pointer(money, "money");
    given.between(-1, decimals, 18, "decimals");
    if (!given.good()) return given.error();
    if (money->currency[0] == '\0') given.refuse("money", "has no currency: it is absent");
    const tally::Money value = given.money(*money, "money");
    return put(decimals < 0 ? tally::to_string(value) : tally::to_string_rounded(value, decimals),
               buffer, capacity, given);
  });
}

int32_t tally_parse_instant(const char* text, uint64_t size, int64_t* out_us, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.value(out_us, "out_us");
    const std::string_view written = given.text(text, size, "text");
    if (!given.good()) return given.error();
    const Result<tally::Instant> read = tally::parse_instant(written);
    if (!read) return read.error();
    *out_us = tally::us_of(*read);
    return TALLY_OK;
  });
}

int32_t tally_instant_to_string(int64_t instant_us, char* buffer, uint64_t capacity,
                                tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    const tally::Instant instant{std::chrono::microseconds(instant_us)};
    return put(tally::to_string(instant), buffer, capacity, given);
  });
}

int32_t tally_estimate_tokens(const char* text, uint64_t size, int64_t* low, int64_t* likely,
                              int64_t* high, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    for (int64_t* count : {low, likely, high}) given.optional_value(count);
    const std::string_view written = given.text(text, size, "text");
    if (!given.good()) return given.error();
    const tally::TokenEstimate estimate = tally::estimate_tokens(written);
    if (low != nullptr) *low = estimate.low;
    if (likely != nullptr) *likely = estimate.likely;
    if (high != nullptr) *high = estimate.high;
    return TALLY_OK;
  });
}

}  // extern "C"
