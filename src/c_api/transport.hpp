// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "tally/c_api.h"
#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The host's own HTTP. `table` was checked: its functions are there. `clock` is the client's, in
/// whose time a transport says when it wants to be driven; null: the system's.
TransportFactory transport_of(const tally_transport& table, std::shared_ptr<const Clock> clock);

}  // namespace TALLY_ABI
}  // namespace tally
