// SPDX-License-Identifier: MIT
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::string_view to_string(Bucket bucket) {
  switch (bucket) {
    case Bucket::input_cache_hit:
      return "input_cache_hit";
    case Bucket::input_cache_miss:
      return "input_cache_miss";
    case Bucket::cache_write:
      return "cache_write";
    case Bucket::cache_write_1h:
      return "cache_write_1h";
    case Bucket::output:
      return "output";
    case Bucket::reasoning:
      return "reasoning";
    case Bucket::input_audio:
      return "input_audio";
    case Bucket::output_audio:
      return "output_audio";
    case Bucket::input_image:
      return "input_image";
    case Bucket::input_audio_cache_hit:
      return "input_audio_cache_hit";
    case Bucket::output_image:
      return "output_image";
    case Bucket::unit:
      return "unit";
  }
  return "";
}

std::string_view to_string(UnpricedReason reason) {
  switch (reason) {
    case UnpricedReason::none:
      return "none";
    case UnpricedReason::unknown_model:
      return "unknown_model";
    case UnpricedReason::alias_out_of_date:
      return "alias_out_of_date";
    case UnpricedReason::no_price_at_instant:
      return "no_price_at_instant";
    case UnpricedReason::no_price_in_currency:
      return "no_price_in_currency";
    case UnpricedReason::no_usage:
      return "no_usage";
    case UnpricedReason::overflow:
      return "overflow";
    case UnpricedReason::mixed_currencies:
      return "mixed_currencies";
  }
  return "";
}

std::string_view to_string(PriceFlag flag) {
  switch (flag) {
    case PriceFlag::stale:
      return "stale";
    case PriceFlag::calendar_expired:
      return "calendar_expired";
    case PriceFlag::model_substituted:
      return "model_substituted";
    case PriceFlag::change_is_near:
      return "change_is_near";
    case PriceFlag::service_tier_unknown:
      return "service_tier_unknown";
  }
  return "";
}

std::string_view to_string(CostFlag flag) {
  switch (flag) {
    case CostFlag::straddles_bands:
      return "straddles_bands";
    case CostFlag::output_unbounded:
      return "output_unbounded";
    case CostFlag::missing_quantity:
      return "missing_quantity";
    case CostFlag::unexplained_total:
      return "unexplained_total";
  }
  return "";
}

}  // namespace TALLY_ABI
}  // namespace tally
