// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

#include <string>
#include <vector>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// What the hosts of a conninfo are called in numbers. libpq waits for the name service wherever it
/// has to ask it, also where it begins to connect without waiting; with numbers it does not.
class PostgresAddresses {
 public:
  /// Asks for the names of a connection that has several hosts, and waits; a single host's address
  /// comes with `take_over`.
  void look_up(PGconn* begun);
  /// The address that has answered.
  void take_over(PGconn* connected);
  /// As `hostaddr` takes them; empty where none is known, or none is needed: for sockets.
  std::string joined() const;

 private:
  std::vector<std::string> addresses_;  ///< One for each host.
};

}  // namespace TALLY_ABI
}  // namespace tally
