// SPDX-License-Identifier: MIT
#include <curl/curl.h>
#include <sys/epoll.h>

#include "tally/money.hpp"
#include "tally/transport.hpp"
