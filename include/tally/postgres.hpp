// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A store in PostgreSQL (13 or newer), for fleets: any number of clients on any number of machines
/// share its rows and budgets. Target `tally::postgres`. `conninfo` is libpq's:
/// `host=db.example dbname=tally`; what it leaves out libpq takes from its own environment
/// variables and files. Makes its tables (`tally_...`) where they are not there.
///
/// Calls never wait for it: libpq's non-blocking calls, rows in pipelined batches. A connection
/// that breaks is made again; what was under way is asked anew, which changes nothing that was
/// done. A poll then tries the addresses that it knows; where the server has moved to is looked up
/// by whoever may wait: `Client::wait`, `Ledger::flush`, `Ledger::run_writer`.
TALLY_API Result<std::shared_ptr<LedgerStore>> open_postgres_store(const std::string& conninfo);

}  // namespace TALLY_ABI
}  // namespace tally
