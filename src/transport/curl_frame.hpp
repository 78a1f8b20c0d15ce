// SPDX-License-Identifier: MIT
#pragma once

// No exception may cross curl's frames: they are C, and leave their locks and buffers behind. What
// can throw in a callback of curl's is memory running out, and a transport is not told to survive
// that, only to end the call.
#if defined(__cpp_exceptions)
#define TALLY_TRY try
#define TALLY_CATCH(statement) \
  catch (...) {                \
    statement;                 \
  }
#else
#define TALLY_TRY
#define TALLY_CATCH(statement)
#endif
