// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "unit/ledger/store_contract.hpp"

/// The server that with_server.sh started.
namespace private_server {

/// Its conninfo; every storage is a schema of its own, which `fresh_storage` makes.
std::string fresh_storage();

/// Runs statements over a connection of its own; ends the test where one fails.
std::string ask(const std::string& conninfo, const std::string& statements);

/// Kills it, as a power loss would, and starts it anew.
void restart();

contract::StoreUnderTest fresh_store();

/// A store that has to open.
std::shared_ptr<tally::LedgerStore> open(const std::string& conninfo);

}  // namespace private_server
