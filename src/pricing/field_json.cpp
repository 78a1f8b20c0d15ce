// SPDX-License-Identifier: MIT
#include "pricing/field_json.hpp"

#include <algorithm>

#include "base/civil.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::string_view type_name(JsonType type) {
  switch (type) {
    case JsonType::null:
      return "null";
    case JsonType::boolean:
      return "true or false";
    case JsonType::number:
      return "a number";
    case JsonType::string:
      return "a string";
    case JsonType::array:
      return "an array";
    case JsonType::object:
      return "an object";
  }
  return "";
}

std::string described(const JsonValue& value) {
  switch (value.type) {
    case JsonType::boolean:
      return value.boolean ? "true" : "false";
    case JsonType::number:
      return std::string(value.text);
    case JsonType::string: {
      constexpr std::size_t shown = 60;
      const bool is_long = value.text.size() > shown;
      return std::string("\"").append(value.text, 0, shown) + (is_long ? "...\"" : "\"");
    }
    default:
      return std::string(type_name(value.type));
  }
}

/// `digits` decimal digits at `text[begin]`; -1 where something else stands there.
int digits_at(std::string_view text, std::size_t begin, std::size_t digits) {
  int number = 0;
  for (const char c : text.substr(begin, digits)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::optional<std::int64_t> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = digits_at(text, 0, 4);
  const CivilDate date{year, digits_at(text, 5, 2), digits_at(text, 8, 2)};
  if (year < 0 || !is_valid(date)) return std::nullopt;
  return days_from_civil(date);
}

std::string Field::path() const {
  if (!parent) return "";
  std::string path = parent->path();
  if (parent->value->is_array()) {
    const auto place =
        std::distance(parent->value->children().begin(), JsonChildren::Iterator(value));
    return path + '[' + std::to_string(place) + ']';
  }
  if (!path.empty()) path += '.';
  return path.append(value->key);
}

void FieldReader::refuse(const Field& field, std::string_view member, std::string_view found,
                         std::string_view rule) {
  if (error_) return;
  std::string path = field.path();
  if (!path.empty() && !member.empty()) path += '.';
  path += member;
  Error error;
  error.kind = ErrorKind::invalid_catalog;
  error.message = std::string(catalog_name_) + ", line " + std::to_string(field.value->line) +
                  ", " + (path.empty() ? "top level" : path) + ": found " + std::string(found) +
                  "; " + std::string(rule);
  error_ = std::move(error);
}

void FieldReader::refuse(const Field& field, std::string_view rule) {
  refuse(field, "", described(*field.value), rule);
}

bool FieldReader::is(const Field& field, JsonType type) {
  if (field.value->type == type) return true;
  refuse(field, "expected " + std::string(type_name(type)));
  return false;
}

bool FieldReader::has_only(const Field& object, std::initializer_list<std::string_view> names) {
  if (!is(object, JsonType::object)) return false;
  for_each_child(object, [&](const Field& field) {
    if (std::find(names.begin(), names.end(), field.value->key) != names.end()) return;
    std::string rule = "no field has this name here; the names are";
    for (const std::string_view name : names) rule.append(" ").append(name);
    refuse(field, rule);
  });
  return true;
}

std::optional<Field> FieldReader::member(const Field& object, std::string_view name, JsonType type,
                                         Need need) {
  const JsonValue* value = object.value->find(name);
  if (!value) {
    if (need == Need::required) {
      refuse(object, name, "nothing", "expected " + std::string(type_name(type)));
    }
    return std::nullopt;
  }
  const Field field{value, &object};
  if (!is(field, type)) return std::nullopt;
  return field;
}

std::string FieldReader::text(const Field& object, std::string_view name, Need need) {
  const auto field = member(object, name, JsonType::string, need);
  if (!field) return "";
  if (need == Need::required && field->value->text.empty()) refuse(*field, "it may not be empty");
  return std::string(field->value->text);
}

std::string FieldReader::word(const Field& object, std::string_view name,
                              std::initializer_list<std::string_view> words) {
  const auto field = member(object, name, JsonType::string, Need::optional);
  if (!field) return std::string(*words.begin());
  const std::string_view found = field->value->text;
  if (found.empty() || std::find(words.begin(), words.end(), found) == words.end()) {
    std::string rule = "expected";
    for (const std::string_view word : words) rule.append(" ").append(word);
    refuse(*field, rule);
  }
  return std::string(found);
}

bool FieldReader::flag(const Field& object, std::string_view name) {
  const auto field = member(object, name, JsonType::boolean, Need::optional);
  return field && field->value->boolean;
}

std::optional<std::int64_t> FieldReader::whole(const Field& object, std::string_view name,
                                               std::int64_t low, std::int64_t high, Need need) {
  const auto field = member(object, name, JsonType::number, need);
  if (!field) return std::nullopt;
  const std::optional<std::int64_t> number = field->value->as_int();
  if (number && *number >= low && *number <= high) return number;
  refuse(*field,
         "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return std::nullopt;
}

std::optional<Instant> FieldReader::instant(const Field& object, std::string_view name) {
  const JsonValue* value = object.value->find(name);
  if (!value || value->is_null()) return std::nullopt;
  const auto field = member(object, name, JsonType::string, Need::optional);
  if (!field) return std::nullopt;
  const Result<Instant> instant = parse_instant(field->value->text);
  if (instant) return *instant;
  refuse(*field, "expected an instant like 2026-09-10T04:00:00Z, or null where it is open");
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::day(const Field& field) {
  if (!is(field, JsonType::string)) return std::nullopt;
  const std::optional<std::int64_t> day = parse_day(field.value->text);
  if (!day) refuse(field, "expected a day that exists, like 2026-10-01");
  return day;
}

std::optional<Currency> FieldReader::currency(const Field& object, std::string_view name) {
  const auto field = member(object, name, JsonType::string, Need::required);
  if (!field) return std::nullopt;
  const Result<Currency> currency = Currency::parse(field->value->text);
  if (currency) return *currency;
  refuse(*field, "expected a currency's three capital letters, like USD");
  return std::nullopt;
}

std::optional<Decimal> FieldReader::price(const Field& field, bool may_be_free) {
  if (field.value->type != JsonType::string) {
    refuse(field, "a price is a string, so that it is read as a decimal and no digit is lost");
    return std::nullopt;
  }
  const Result<Decimal> price = Decimal::parse(field.value->text);
  if (!price) {
    refuse(field, "expected a decimal number with at most 18 digits after the point");
    return std::nullopt;
  }
  if (price->is_negative()) {
    refuse(field, "a price is not negative");
    return std::nullopt;
  }
  if (price->is_zero() && !may_be_free) {
    refuse(field, "a price of 0 needs \"free\": true in its entry, so that it is meant");
    return std::nullopt;
  }
  return *price;
}

}  // namespace TALLY_ABI
}  // namespace tally
