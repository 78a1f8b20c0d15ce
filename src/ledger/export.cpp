// SPDX-License-Identifier: MIT
#include <ostream>

#include "ledger/row_cells.hpp"
#include "ledger/row_text.hpp"
#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// A label or a model's name may come from a player. A spreadsheet runs a cell that begins like a
/// formula, quoted or not; with an apostrophe before it, it is text.
bool begins_like_formula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

/// RFC 4180.
void append_field(std::string& line, const RowCell& cell) {
  const bool is_text = cell.kind == RowCell::Kind::text;
  std::string value = is_text ? clean_text(cell.value) : cell.value;
  if (is_text && begins_like_formula(value)) value.insert(0, 1, '\'');
  if (value.find_first_of(",\"\r\n") == std::string::npos) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::string csv_header() {
  std::string line;
  for (const RowCell& cell : row_cells({})) {
    if (!line.empty()) line += ',';
    line += cell.name;
  }
  return line + "\r\n";
}

std::string csv_line(const LedgerRow& row) {
  std::string line;
  for (const RowCell& cell : row_cells(row)) {
    append_field(line, cell);
    line += ',';
  }
  line.replace(line.size() - 1, 1, "\r\n");
  return line;
}

}  // namespace

Result<void> Ledger::export_rows(std::ostream& out, ExportFormat format,
                                 const LedgerFilter& filter) const {
  const bool is_csv = format == ExportFormat::csv;
  if (is_csv) out << csv_header();
  auto read = each_row(filter, [&](const LedgerRow& row) {
    out << (is_csv ? csv_line(row) : row_to_json(row) + "\n");
    return out.good();
  });
  if (!read) return read;
  if (out.good()) return {};
  return Error{ErrorKind::ledger, "rows could not be exported: the stream takes no more"};
}

}  // namespace TALLY_ABI
}  // namespace tally
