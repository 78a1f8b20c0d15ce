// SPDX-License-Identifier: MIT
#pragma once
#include <curl/curl.h>
#include <string>
#include <unistd.h>

#include "base/json.hpp"
#include "tally/result.hpp"
#include "tally/usage.hpp"
