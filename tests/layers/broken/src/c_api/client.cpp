// SPDX-License-Identifier: MIT
#include "client/core.hpp"
#include "tally/money.hpp"
