// SPDX-License-Identifier: MIT
#pragma once

#include "c_api/arguments.hpp"
#include "tally/c_api.h"
#include "tally/chat.hpp"
#include "tally/fim.hpp"

namespace tally {
inline namespace TALLY_ABI {

Message message_of(const tally_message* message, Arguments& given);
FimRequest fim_request_of(const tally_fim_request* request, Arguments& given);

}  // namespace TALLY_ABI
}  // namespace tally
