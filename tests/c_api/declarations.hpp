// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>

/// The public functions that a C++ header of this project's style declares, by their names within
/// `tally`: `Client::poll`, `cost_of`, `operator==`. Overloads are one name. Left out: destructors,
/// and what is deleted or defaulted, which every value has.
std::set<std::string> cpp_functions(std::string_view header);

/// The functions of a C header: the names behind `TALLY_CALL`.
std::set<std::string> c_functions(std::string_view header);
