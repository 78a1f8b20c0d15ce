// SPDX-License-Identifier: MIT
#pragma once

/// Of this thread's allocations, which ones fail: the one of that number, or all from it on.
struct Shortage {
  bool is_on = false;
  bool for_good = false;
  long failing = 0;
  long asked = 0;
  bool has_failed = false;

  bool refuses() {
    if (!is_on) return false;
    ++asked;
    if (for_good ? asked < failing : asked != failing) return false;
    has_failed = true;
    return true;
  }
};

/// What `operator new` of the program goes by.
extern thread_local Shortage shortage;
