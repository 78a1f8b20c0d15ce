// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/postgres_addresses.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

struct PostgresResultEnd {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, PostgresResultEnd>;

/// A field's text; absent for NULL.
std::optional<std::string_view> field_of(const PGresult* result, int row, int column);
/// 0 for NULL, and for what is no whole number.
std::int64_t whole_of(const PGresult* result, int row, int column);

/// The parameters of one statement, all as text. Plain data.
class PostgresParameters {
 public:
  PostgresParameters& add(std::optional<std::string> text);
  PostgresParameters& add(const char* text) { return add(std::string(text)); }
  PostgresParameters& add(std::int64_t number) { return add(std::to_string(number)); }

  int size() const { return static_cast<int>(texts_.size()); }
  /// Lives until the next `add`.
  std::vector<const char*> values() const;

 private:
  std::vector<std::optional<std::string>> texts_;
};

/// `{"a","b \"c\""}`: an array of texts as PostgreSQL reads it.
std::string array_of(const std::vector<std::string>& texts);

/// What a statement failed with, by its SQLSTATE.
enum class PostgresTrouble {
  conflict,     ///< A deadlock or a serialization failure: ask anew.
  unavailable,  ///< The server or its disk, not the statement: ask anew later.
  refused,      ///< The statement or its data.
};
PostgresTrouble trouble_of(std::string_view sqlstate);

/// The server's own words, in one line.
std::string words_of(const PGresult* result);

/// One session. Begun without waiting or with; statements are the user's of `handle()` or, where a
/// thread may wait, `ask`. One thread at a time.
class PostgresConnection {
 public:
  explicit PostgresConnection(std::string conninfo) : conninfo_(std::move(conninfo)) {}

  /// Connects, waiting.
  Result<void> open();
  /// Begins to connect. `known`: at the addresses of the connection before, without asking the name
  /// service, which would be waited for.
  enum class Names { ask, known };
  Result<void> begin(Names names);
  /// One step of connecting; what the socket has to be ready for next, or `ok`, or `failed`.
  PostgresPollingStatusType step();
  void close();
  /// Gives the session up without a word: it is a forked parent's.
  void abandon() { (void)connection_.release(); }

  PGconn* handle() const { return connection_.get(); }
  bool is_open() const { return connection_ && PQstatus(connection_.get()) == CONNECTION_OK; }
  std::string last_words() const;

  /// Asks and waits. A lost connection is made anew, and what conflicted with others is asked anew:
  /// so each statement stands for itself, and may be run twice.
  Result<PostgresResult> ask(const std::string& statement, const PostgresParameters& parameters);

 private:
  struct End {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::string conninfo_;
  PostgresAddresses addresses_;
  std::unique_ptr<PGconn, End> connection_;
};

/// What every session sets for itself, whatever the server's defaults are: the locks of the rules
/// need each statement to see what was committed before it.
extern const char* const postgres_session_settings;

Error postgres_error(const std::string& what);

/// `invalid_argument` for a text that libpq cannot read; never says what stood there, since it may
/// be a password.
Result<void> check_conninfo(const std::string& conninfo);

}  // namespace TALLY_ABI
}  // namespace tally
