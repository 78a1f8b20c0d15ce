/* SPDX-License-Identifier: MIT */
/* The canned transport, for tests in C++. */
#include "canned_transport.h"

static struct canned canned = {canned_answer, 200, 200, 0, 0, 0, 0, ""};
static int connections;

tally_transport canned_host(void);
int canned_instances(void);
int canned_connections(void);

static void TALLY_CALL drive_and_count(void* self, int64_t wait_us) {
  const struct canned_instance* instance = self;
  const int had_begun = instance->has_begun;
  canned_drive(self, wait_us);
  if (!had_begun && instance->has_begun) ++connections;
}

tally_transport canned_host(void) {
  tally_transport transport = canned_transport(&canned);
  transport.drive = drive_and_count;
  return transport;
}

int canned_instances(void) { return canned.instances; }
int canned_connections(void) { return connections; }
