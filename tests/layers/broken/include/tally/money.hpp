// SPDX-License-Identifier: MIT
#pragma once
#include <curl/curl.h>
#include <unistd.h>

#include <string>

#include "base/json.hpp"
#include "tally/result.hpp"
#include "tally/usage.hpp"
