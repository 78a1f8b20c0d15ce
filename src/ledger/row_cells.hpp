// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One column of an exported row. Plain data.
struct RowCell {
  enum class Kind {
    absent,  ///< Not known, which is not 0 and not empty.
    text,
    amount,  ///< Digits, exactly.
    number,
    boolean,
    json,
  };
  std::string_view name;
  Kind kind = Kind::absent;
  std::string value{};
};

/// Every column of a row, always the same and in the same order.
std::vector<RowCell> row_cells(const LedgerRow& row);

/// A row as one JSON object on one line, without what is absent; amounts are decimal strings.
std::string row_to_json(const LedgerRow& row);

}  // namespace TALLY_ABI
}  // namespace tally
