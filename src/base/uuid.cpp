// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>

#include "base/process.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

class RandomBits {
 public:
  std::uint64_t next() {
    // A forked child starts with a copy of the generator; both would go on with the same ids.
    if (const unsigned forks = forks_so_far(); !is_seeded_ || forks != seeded_after_) {
      seed();
      seeded_after_ = forks;
      is_seeded_ = true;
    }
    return engine_();
  }

 private:
  void seed() {
    std::random_device device;
    std::seed_seq words{device(), device(), device(), device(),
                        device(), device(), device(), device()};
    engine_.seed(words);
  }

  std::mt19937_64 engine_;
  bool is_seeded_ = false;
  unsigned seeded_after_ = 0;
};

std::uint64_t random_bits() {
  thread_local RandomBits bits;
  return bits.next();
}

// 48 bits of milliseconds over the 12 bits `rand_a`. The latter begin at a random number below 2^11
// and count up within a millisecond; a full count carries into the milliseconds, as RFC 9562 6.2
// allows.
std::uint64_t next_stamp(Instant now) {
  static std::atomic<std::uint64_t> last_stamp{0};
  constexpr std::uint64_t second = std::uint64_t{1000} << 12;

  const auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  const std::uint64_t fresh =
      (static_cast<std::uint64_t>(milliseconds) & 0xffffffffffff) << 12 | (random_bits() & 0x7ff);
  std::uint64_t last = last_stamp.load(std::memory_order_relaxed);
  std::uint64_t stamp = fresh;
  do {
    // A clock set back by more than a second is believed; ids frozen in the future would be worse.
    stamp = fresh <= last && last - fresh < second ? last + 1 : fresh;
  } while (!last_stamp.compare_exchange_weak(last, stamp, std::memory_order_relaxed));
  return stamp;
}

/// Writes the last hexadecimal digits of `bits`; where they end.
char* put_hex(char* out, std::uint64_t bits, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    *out++ = "0123456789abcdef"[bits >> shift & 0xf];
  }
  return out;
}

}  // namespace

std::string uuid_v7(Instant now) {
  const std::uint64_t stamp = next_stamp(now);
  const std::uint64_t random = random_bits();
  std::string id = "00000000-0000-7000-0000-000000000000";
  char* out = put_hex(id.data(), stamp >> 28, 8) + 1;
  out = put_hex(out, stamp >> 12, 4) + 2;
  out = put_hex(out, stamp, 3) + 1;
  out = put_hex(out, (random >> 48 & 0x3fff) | 0x8000, 4) + 1;  // The variant, binary 10.
  put_hex(out, random, 12);
  return id;
}

}  // namespace TALLY_ABI
}  // namespace tally
