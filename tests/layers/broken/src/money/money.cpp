// SPDX-License-Identifier: MIT
#include "tally/money.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "client/call.hpp"
#include "money.hpp"
