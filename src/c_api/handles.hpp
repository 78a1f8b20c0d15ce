// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "c_api/storage.hpp"
#include "tally/c_api.h"
#include "tally/client.hpp"
#include "tally/ledger.hpp"
#include "tally/pricing.hpp"

struct tally_ledger : tally::HandleOf<tally::HandleKind::ledger> {
  explicit tally_ledger(tally::Ledger given) : ledger(std::move(given)) {}
  const tally::Ledger ledger;
};

struct tally_price_catalog : tally::HandleOf<tally::HandleKind::price_catalog> {
  explicit tally_price_catalog(tally::PriceCatalog given) : catalog(std::move(given)) {}
  const tally::PriceCatalog catalog;
};

struct tally_cancel_token : tally::HandleOf<tally::HandleKind::cancel_token> {
  const tally::CancelToken token;
};

struct tally_chat_request : tally::HandleOf<tally::HandleKind::chat_request> {
  tally::ChatRequest request;
};
