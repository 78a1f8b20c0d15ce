// SPDX-License-Identifier: MIT
#pragma once

// One cell of the fault matrix, played: a row of the table met by one face of a client.

#include <string>
#include <vector>

#include "fault_table.hpp"
#include "loopback_provider.hpp"

namespace faults {

/// Plain data.
struct Cell {
  Row row;
  Face face;
  int number;  ///< From 1; tells its requests from those of others in the provider's journal.
};

/// Every row times its faces.
std::vector<Cell> all_cells();

/// `mid-event / cut / stream`, with the row's detail.
std::string name_of(const Cell& cell);

/// What did not hold, in words; empty: the cell is as the table says.
std::vector<std::string> play(const Cell& cell, const loopback::LoopbackProvider& provider);

}  // namespace faults
