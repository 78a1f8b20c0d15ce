/* SPDX-License-Identifier: MIT */
/* The canned transport, for tests in C++. */
#include "canned_transport.h"

static struct canned canned = {canned_answer, 200, 200, 0, 0, 0, 0, ""};

tally_transport canned_host(void);
int canned_instances(void);

tally_transport canned_host(void) { return canned_transport(&canned); }
int canned_instances(void) { return canned.instances; }
