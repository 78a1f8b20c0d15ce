// SPDX-License-Identifier: MIT
#include "pricing/allowance_json.hpp"

#include "pricing/schedule_json.hpp"

namespace tally {
inline namespace TALLY_ABI {

TokenAllowance read_allowance(FieldReader& reader, const Field& field) {
  TokenAllowance allowance;
  if (!reader.has_only(
          field, {"provider", "from", "to", "per_request", "per_message", "thinking", "tools",
                  "per_tool", "per_image", "per_file", "per_server_tool", "note", "source"})) {
    return allowance;
  }
  constexpr std::int64_t most = std::int64_t{1} << 32;
  const auto tokens = [&](std::string_view name) { return reader.whole(field, name, 0, most); };
  allowance.provider = reader.text(field, "provider", Need::required);
  allowance.from = reader.instant(field, "from");
  allowance.to = reader.instant(field, "to");
  if (allowance.from && allowance.to && *allowance.from >= *allowance.to) {
    reader.refuse(field, "`from` is not before `to`");
  }
  allowance.per_request = tokens("per_request").value_or(0);
  allowance.per_message = tokens("per_message").value_or(0);
  allowance.thinking = tokens("thinking").value_or(0);
  allowance.tools = tokens("tools").value_or(0);
  allowance.per_tool = tokens("per_tool").value_or(0);
  allowance.per_image = tokens("per_image");
  allowance.per_file = tokens("per_file");
  allowance.per_server_tool = tokens("per_server_tool");
  reader.text(field, "note", Need::optional);
  allowance.source = read_source(reader, field);
  return allowance;
}

}  // namespace TALLY_ABI
}  // namespace tally
