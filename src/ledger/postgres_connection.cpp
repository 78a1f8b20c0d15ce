// SPDX-License-Identifier: MIT
#include "ledger/postgres_connection.hpp"

#include <charconv>
#include <thread>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// A question that conflicts is asked this often, after a moment that grows.
constexpr int most_conflicts = 20;

std::string one_line(const char* words) {
  std::string line = words;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

// libpq prints notices by itself; a library does not.
void hear_nothing(void*, const PGresult*) {}

/// The keys that tally sets. Those before `dbname`, which conninfo stands for, are defaults.
struct ConnectionSettings {
  std::vector<const char*> keys;
  std::vector<const char*> values;

  void set(const char* key, const char* value) {
    keys.push_back(key);
    values.push_back(value);
  }
};

ConnectionSettings settings_for(const std::string& conninfo, const std::string& addresses) {
  ConnectionSettings all;
  all.set("fallback_application_name", "tally");
  all.set("connect_timeout", "10");
  // A peer that vanished without a word has to be noticed before the 30 seconds that a reserve
  // waits.
  all.set("keepalives_idle", "5");
  all.set("keepalives_interval", "5");
  all.set("keepalives_count", "3");
  all.set("tcp_user_timeout", "20000");
  all.set("dbname", conninfo.c_str());
  all.set("client_encoding", "UTF8");
  if (!addresses.empty()) all.set("hostaddr", addresses.c_str());
  all.keys.push_back(nullptr);
  all.values.push_back(nullptr);
  return all;
}

}  // namespace

const char* const postgres_session_settings =
    "SELECT set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),"
    " set_config('idle_in_transaction_session_timeout', '0', false)";

std::optional<std::string_view> field_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result, row, column),
                          static_cast<std::size_t>(PQgetlength(result, row, column)));
}

std::int64_t whole_of(const PGresult* result, int row, int column) {
  const std::string_view text = field_of(result, row, column).value_or("");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

PostgresParameters& PostgresParameters::add(std::optional<std::string> text) {
  texts_.push_back(std::move(text));
  return *this;
}

std::vector<const char*> PostgresParameters::values() const {
  std::vector<const char*> pointers;
  pointers.reserve(texts_.size());
  for (const auto& text : texts_) pointers.push_back(text ? text->c_str() : nullptr);
  return pointers;
}

std::string array_of(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

PostgresTrouble trouble_of(std::string_view sqlstate) {
  if (sqlstate == "40001" || sqlstate == "40P01") return PostgresTrouble::conflict;
  const std::string_view kind = sqlstate.substr(0, 2);
  // No state at all: libpq's own words about a connection that broke. 25006: a standby took over
  // and is read-only as yet.
  const bool is_unavailable = kind.empty() || kind == "08" || kind == "53" || kind == "57" ||
                              kind == "58" || sqlstate == "25006";
  return is_unavailable ? PostgresTrouble::unavailable : PostgresTrouble::refused;
}

std::string words_of(const PGresult* result) {
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return one_line(primary != nullptr ? primary : PQresultErrorMessage(result));
}

Error postgres_error(const std::string& what) {
  Error error{ErrorKind::ledger, "PostgreSQL: " + what};
  return error;
}

Result<void> check_conninfo(const std::string& conninfo) {
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), nullptr);
  if (options == nullptr) {
    return Error{ErrorKind::invalid_argument,
                 "conninfo is not what libpq reads: neither `key=value ...` nor a postgresql:// "
                 "URI"};
  }
  PQconninfoFree(options);
  return {};
}

Result<void> PostgresConnection::open() {
  const ConnectionSettings settings = settings_for(conninfo_, {});
  connection_.reset(PQconnectdbParams(settings.keys.data(), settings.values.data(), 1));
  PQsetNoticeReceiver(connection_.get(), hear_nothing, nullptr);
  if (!is_open()) return postgres_error(last_words());
  const PostgresResult set(PQexec(connection_.get(), postgres_session_settings));
  if (PQresultStatus(set.get()) != PGRES_TUPLES_OK) return postgres_error(words_of(set.get()));
  return {};
}

Result<void> PostgresConnection::begin(Names names) {
  const std::string known = names == Names::known ? addresses_.joined() : std::string();
  const ConnectionSettings settings = settings_for(conninfo_, known);
  connection_.reset(PQconnectStartParams(settings.keys.data(), settings.values.data(), 1));
  PQsetNoticeReceiver(connection_.get(), hear_nothing, nullptr);
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) {
    return postgres_error(last_words());
  }
  if (known.empty()) addresses_.look_up(connection_.get());
  return {};
}

PostgresPollingStatusType PostgresConnection::step() {
  const PostgresPollingStatusType next = PQconnectPoll(connection_.get());
  if (next == PGRES_POLLING_OK) addresses_.take_over(connection_.get());
  return next;
}

void PostgresConnection::close() { connection_.reset(); }

std::string PostgresConnection::last_words() const {
  return connection_ ? one_line(PQerrorMessage(connection_.get())) : "no memory for a connection";
}

Result<PostgresResult> PostgresConnection::ask(const std::string& statement,
                                               const PostgresParameters& parameters) {
  const std::vector<const char*> values = parameters.values();
  for (int tries = 0;; ++tries) {
    if (!is_open()) {
      if (auto opened = open(); !opened) return std::move(opened).error();
    }
    PostgresResult result(PQexecParams(connection_.get(), statement.c_str(), parameters.size(),
                                       nullptr, values.data(), nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    // Without a state they are libpq's own words: after a failed write it still calls itself open.
    const bool was_lost = state == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD;
    const bool conflicts = state != nullptr && trouble_of(state) == PostgresTrouble::conflict;
    const bool may_repeat = conflicts ? tries < most_conflicts : was_lost && tries == 0;
    if (was_lost) connection_.reset();
    if (!may_repeat) return postgres_error(words_of(result.get()));
    std::this_thread::sleep_for(std::chrono::milliseconds(conflicts ? tries : 0));
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
