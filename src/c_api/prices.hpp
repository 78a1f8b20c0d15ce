// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "c_api/storage.hpp"
#include "tally/pricing.hpp"

struct tally_price_catalog : tally::HandleOf<tally::HandleKind::price_catalog> {
  explicit tally_price_catalog(tally::PriceCatalog of) : catalog(std::move(of)) {}
  tally::PriceCatalog catalog;
};
