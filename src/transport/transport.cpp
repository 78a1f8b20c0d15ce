// SPDX-License-Identifier: MIT
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

// Here, since each file that includes the header would instantiate the vector otherwise. Not a
// virtual function: the first one with a definition of its own would tie the class's typeinfo to
// the library, and a host with RTTI could not derive from it where the library has none.
std::vector<SocketWatch> Transport::no_watches() { return {}; }

}  // namespace TALLY_ABI
}  // namespace tally
