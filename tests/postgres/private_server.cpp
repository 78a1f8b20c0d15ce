// SPDX-License-Identifier: MIT
#include "postgres/private_server.hpp"

#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>

#include "tally/postgres.hpp"

namespace private_server {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE_MESSAGE(value != nullptr,
                  name << " is not set: run this with tests/postgres/with_server.sh");
  return value;
}

}  // namespace

std::string ask(const std::string& conninfo, const std::string& statements) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  PGresult* result = PQexec(connection, statements.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const std::string words = PQerrorMessage(connection);
  std::string answer;
  if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) answer = PQgetvalue(result, 0, 0);
  PQclear(result);
  PQfinish(connection);
  REQUIRE_MESSAGE((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK),
                  statements << ": " << words);
  return answer;
}

std::string fresh_storage() {
  static int count = 0;
  const std::string server = variable("TALLY_POSTGRES");
  const std::string schema = "s" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  ask(server, "CREATE SCHEMA " + schema);
  return server + " options=-csearch_path=" + schema;
}

void restart() { REQUIRE(std::system(variable("TALLY_POSTGRES_RESTART").c_str()) == 0); }

std::shared_ptr<tally::LedgerStore> open(const std::string& conninfo) {
  auto store = tally::open_postgres_store(conninfo);
  REQUIRE_MESSAGE(store, store.error().message);
  return *store;
}

contract::StoreUnderTest fresh_store() {
  const std::string conninfo = fresh_storage();
  return {[conninfo] { return open(conninfo); }, true};
}

}  // namespace private_server
