// SPDX-License-Identifier: MIT
#pragma once

// Everything of tally but the opt-in `throwing.hpp`.

#include "tally/advice.hpp"
#include "tally/balance.hpp"
#include "tally/budget.hpp"
#include "tally/chat.hpp"
#include "tally/client.hpp"
#include "tally/conversation.hpp"
#include "tally/error.hpp"
#include "tally/estimate.hpp"
#include "tally/import.hpp"
#include "tally/ledger.hpp"
#include "tally/models.hpp"
#include "tally/money.hpp"
#include "tally/pricing.hpp"
#include "tally/provider.hpp"
#include "tally/receipt.hpp"
#include "tally/record.hpp"
#include "tally/result.hpp"
#include "tally/store.hpp"
#include "tally/stream.hpp"
#include "tally/time.hpp"
#include "tally/tool_loop.hpp"
#include "tally/transport.hpp"
#include "tally/usage.hpp"
#include "tally/version.h"
