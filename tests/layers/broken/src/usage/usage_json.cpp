// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "wire/usage_json.hpp"
