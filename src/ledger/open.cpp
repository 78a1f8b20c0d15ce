// SPDX-License-Identifier: MIT
#include "tally/ledger.hpp"

#if TALLY_WITH_SQLITE
#include "ledger/sqlite_store.hpp"
#endif

namespace tally {
inline namespace TALLY_ABI {

Result<Ledger> Ledger::open(const std::string& path, LedgerOptions options) {
#if TALLY_WITH_SQLITE
  auto store = SqliteStore::open(path, options);
  if (!store) return std::move(store).error();
  if (auto known = (*store)->budgets(); !known) return std::move(known).error();
  return Ledger(*std::move(store), options);
#else
  static_cast<void>(options);
  return Error{ErrorKind::unsupported,
               "cannot open the ledger \"" + path +
                   "\": this tally was built without SQLite. Install its development files (Debian "
                   "and Ubuntu: libsqlite3-dev) and build again, or use Ledger::in_memory()"};
#endif
}

}  // namespace TALLY_ABI
}  // namespace tally
