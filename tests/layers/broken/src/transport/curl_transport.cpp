// SPDX-License-Identifier: MIT
#include <curl/curl.h>
#include <sys/epoll.h>

#include "tally/transport.hpp"
#include "tally/money.hpp"
