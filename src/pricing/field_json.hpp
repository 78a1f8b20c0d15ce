// SPDX-License-Identifier: MIT
#pragma once

// Reading fields of a catalogue so that a refusal says where, what stood there and which rule it
// broke.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "tally/error.hpp"
#include "tally/money.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A value of the text and how it was reached. Lives on the stack of its reader; the parents
/// outlive it.
struct Field {
  const JsonValue* value = nullptr;
  const Field* parent = nullptr;

  std::string path() const;  ///< `models[0].entries[2].rates.peak.output`; empty for the root.
};

enum class Need { required, optional };

/// Reads one catalogue. The first broken rule is kept and reading goes on with harmless defaults:
/// so the code reads like the format's tables, without a test after each line. One thread at a
/// time.
class FieldReader {
 public:
  explicit FieldReader(std::string_view catalog_name) : catalog_name_(catalog_name) {}

  bool ok() const { return !error_; }
  const std::optional<Error>& error() const { return error_; }

  /// This field breaks that rule.
  void refuse(const Field& field, std::string_view rule);
  /// Refuses what is not of that type.
  bool is(const Field& field, JsonType type);
  /// Refuses every member that is not named, and a field that is no object.
  bool has_only(const Field& object, std::initializer_list<std::string_view> names);

  /// The member of that name and type, where there is one.
  std::optional<Field> member(const Field& object, std::string_view name, JsonType type, Need need);
  /// A text; empty if absent. One that is required is not empty.
  std::string text(const Field& object, std::string_view name, Need need);
  /// One of `words`, else refused; the first where it is absent.
  std::string word(const Field& object, std::string_view name,
                   std::initializer_list<std::string_view> words);
  bool flag(const Field& object, std::string_view name);
  std::optional<std::int64_t> whole(const Field& object, std::string_view name, std::int64_t low,
                                    std::int64_t high, Need need = Need::optional);
  /// Absent and null are the same: open.
  std::optional<Instant> instant(const Field& object, std::string_view name);
  /// A day, `2026-10-01`, as days since 1970-01-01.
  std::optional<std::int64_t> day(const Field& field);
  std::optional<Currency> currency(const Field& object, std::string_view name);
  /// A price: a string, not negative, and 0 only where `may_be_free`.
  std::optional<Decimal> price(const Field& field, bool may_be_free);

 private:
  void refuse(const Field& field, std::string_view member, std::string_view found,
              std::string_view rule);

  std::string_view catalog_name_;
  std::optional<Error> error_;
};

/// Calls `read(Field)` for each child of an array or object.
template <class Read>
void for_each_child(const Field& parent, Read read) {
  for (const JsonValue& child : parent.value->children()) read(Field{&child, &parent});
}

/// `2026-10-01` as days since 1970-01-01; nothing for another text or a day that does not exist.
std::optional<std::int64_t> parse_day(std::string_view text);

}  // namespace TALLY_ABI
}  // namespace tally
