// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "c_api/handles.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// As `transport_of` without a clock, for a client that has a clock of its own: a transport says in
/// its client's time when it wants to be driven. Null: the system's.
TransportFactory transport_of(const tally_transport& table, std::shared_ptr<const Clock> clock);

}  // namespace TALLY_ABI
}  // namespace tally
