// SPDX-License-Identifier: MIT
#include "tally/money.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "client/call.hpp"
#include "money.hpp"
