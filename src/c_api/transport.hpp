// SPDX-License-Identifier: MIT
#pragma once

#include "c_api/arguments.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// HTTP as a host does it. Refuses a table in which a function is missing.
TransportFactory host_transport(const tally_transport* table, Arguments& arguments);

}  // namespace TALLY_ABI
}  // namespace tally
