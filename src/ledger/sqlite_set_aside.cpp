// SPDX-License-Identifier: MIT
#include "ledger/sqlite_set_aside.hpp"

#include "ledger/json_object.hpp"
#include "ledger/row_text.hpp"
#include "ledger/sqlite_file.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::string_view name_of(LedgerWrite::Kind kind) {
  switch (kind) {
    case LedgerWrite::Kind::reserve:
      return "reserve";
    case LedgerWrite::Kind::settle:
      return "settle";
    case LedgerWrite::Kind::revise:
      return "revise";
  }
  return "?";
}

void add_money(JsonObject& json, const std::string& name, const std::optional<Money>& money) {
  if (!money) return;
  json.text(name, to_string(money->amount));
  json.text(name + "_currency", money->currency.view());
}

void add_count(JsonObject& json, std::string_view name, const std::optional<std::int64_t>& count) {
  if (count) json.number(name, *count);
}

std::string line_of(const LedgerWrite& write, const std::string& why) {
  const LedgerRow row = clean_row(write.row);
  JsonObject json;
  json.text("set_aside_because", why).text("write", name_of(write.kind));
  json.text("attempt_id", row.attempt_id).text("call_id", row.call_id);
  json.number("attempt_number", row.attempt_number).number("revision", row.revision);
  json.text("state", to_string(row.state)).text("reason", row.reason);
  json.text("provider", row.provider).text("host", row.host);
  json.text("model_requested", row.model_requested).text("model_reported", row.model_reported);
  json.text("started", to_string(row.started));
  if (row.completed) json.text("completed", to_string(*row.completed));
  if (row.billed_at) json.text("billed_at", to_string(*row.billed_at));
  add_money(json, "cost", row.cost.total);
  add_money(json, "hold", row.hold);
  add_count(json, "cache_hit_tokens", row.usage.billed.cache_hit);
  add_count(json, "cache_miss_tokens", row.usage.billed.cache_miss);
  add_count(json, "cache_write_tokens", row.usage.billed.cache_write);
  add_count(json, "output_tokens", row.usage.billed.output);
  if (const auto extras = billed_extras_to_json(row.usage); !extras.empty()) {
    json.json("billed_extras", extras);
  }
  json.json("cost_lines", cost_lines_to_json(row.cost)).text("usage_raw", row.usage.raw);
  if (row.price) json.text("price_sha256", row.price->sha256);
  json.number("http_status", row.http_status).text("error", row.error);
  json.text("request_id", row.request_id).text("response_id", row.response_id);
  json.json("labels", labels_to_json(row.labels));
  return json.take();
}

}  // namespace

LedgerDone set_aside(const std::string& path, const LedgerWrite& write, const std::string& why) {
  const std::string file = path + ".dead";
  const bool is_kept = append_private_line(file, line_of(write, why));
  LedgerDone done;
  done.ticket = write.ticket;
  done.error = Error{ErrorKind::ledger,
                     "the ledger \"" + path + "\" does not take attempt " + write.row.attempt_id +
                         " (SQLite: " + why + "): " +
                         (is_kept ? "it is set aside in \"" + file + "\""
                                  : "and \"" + file + "\", to set it aside, cannot be written")};
  return done;
}

}  // namespace TALLY_ABI
}  // namespace tally
