// SPDX-License-Identifier: MIT
#include <curl/curl.h>
#include <httplib.h>

#include <nlohmann/json.hpp>

#include "tally/chat.hpp"
#include "tally/pricing.hpp"
#include "transport/curl_global.hpp"
