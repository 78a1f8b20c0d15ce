// SPDX-License-Identifier: MIT

// A plugin that lets go of tally_c.dll: the DLL stays once a client was open, since a thread of
// libcurl's may still run in it.

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "tally/c_api.h"

static int failures = 0;

static void expect(int holds, const char* promise) {
  printf("%s  %s\n", holds ? "ok    " : "FAILED", promise);
  if (!holds) ++failures;
}

typedef void (*any_function)(void);

// At run time, so that nothing but this program holds the library.
static any_function find(HMODULE library, const char* name) {
  const any_function found = (any_function)GetProcAddress(library, name);
  if (found == NULL) expect(0, name);
  return found;
}

typedef int32_t(TALLY_CALL* init_function)(tally_client_options*, uint32_t);
typedef int32_t(TALLY_CALL* open_function)(const tally_client_options*, tally_client**,
                                           tally_error*);
typedef void(TALLY_CALL* destroy_function)(tally_client*);

int main(int count, char** arguments) {
  if (count != 2) return 2;
  HMODULE library = LoadLibraryA(arguments[1]);
  expect(library != NULL, "the library is found");
  if (library == NULL) return 1;
  const init_function init = (init_function)find(library, "tally_client_options_init");
  const open_function open = (open_function)find(library, "tally_client_open");
  const destroy_function destroy = (destroy_function)find(library, "tally_client_destroy");
  if (failures > 0) return 1;

  tally_client_options options;
  init(&options, sizeof options);
  options.api_key.data = "sk-test";
  options.api_key.size = strlen("sk-test");
  tally_client* client = NULL;
  expect(open(&options, &client, NULL) == 0, "a client is opened");
  destroy(client);
  FreeLibrary(library);
  expect(GetModuleHandleA("tally_c.dll") == library, "the library stays when its host lets go");
  return failures == 0 ? 0 : 1;
}
