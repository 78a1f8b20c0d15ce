// SPDX-License-Identifier: MIT
#include "wire/usage_json.hpp"

#include <nlohmann/json.hpp>
