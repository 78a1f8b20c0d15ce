// SPDX-License-Identifier: MIT
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::vector<SocketWatch> Transport::take_watches() { return {}; }

}  // namespace TALLY_ABI
}  // namespace tally
