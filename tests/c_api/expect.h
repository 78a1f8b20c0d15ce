/* SPDX-License-Identifier: MIT */
/* What the C programs here share: expectations that are counted, and texts compared. */
#ifndef TALLY_TESTS_EXPECT_H
#define TALLY_TESTS_EXPECT_H

#include <stdio.h>
#include <string.h>

#include "tally/c_api.h"

static int failures = 0;

#define EXPECT(condition) expect(condition, #condition, __LINE__)
static void expect(int holds, const char* condition, int line) {
  if (holds) return;
  printf("line %d: not so: %s\n", line, condition);
  ++failures;
}

#define EXPECT_TEXT(text, expected) expect_text(text, expected, __LINE__)
static void expect_text(tally_text text, const char* expected, int line) {
  if (text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0) return;
  printf("line %d: \"%.*s\" instead of \"%s\"\n", line, (int)text.size, text.data, expected);
  ++failures;
}

/* Of a call that has to succeed; prints why it did not. */
#define EXPECT_OK(call) expect_ok(call, &error, #call, __LINE__)
static void expect_ok(int32_t code, const tally_error* error, const char* call, int line) {
  if (code >= 0) return;
  printf("line %d: %s: %d %s\n", line, call, (int)code, error->message);
  ++failures;
}

static tally_text text_of(const char* text) {
  tally_text made;
  made.data = text;
  made.size = strlen(text);
  return made;
}

static tally_error no_error(void) {
  tally_error error;
  memset(&error, 0, sizeof(error));
  error.struct_size = sizeof(error);
  return error;
}

/* What C writes as an argument pair: "text", its length. */
#define TEXT(literal) literal, sizeof(literal) - 1

static int result(const char* name) {
  printf("%s: %d failed\n", name, failures);
  return failures != 0;
}

#endif
