/* SPDX-License-Identifier: MIT */
/* Compares the structs of tally/c_api.h, as a C99 compiler lays them out, with layout.inc, and its
 * constants with constants.inc. */

#include <stddef.h>
#include <stdio.h>

#include "tally/c_api.h"

struct field {
  const char* name; /* Of a struct: where its fields begin. */
  size_t offset, listed_offset;
  size_t size, listed_size;
  int is_struct;
};

#define STRUCT(type, bytes) {#type, 0, 0, sizeof(type), bytes, 1},
#define FIELD(type, member, at, bytes) \
  {#type "." #member, offsetof(type, member), at, sizeof(((type*)0)->member), bytes, 0},
static const struct field fields[] = {
#include "layout.inc"
};

struct constant {
  const char* name;
  int value, listed;
};

#define CONSTANT(constant, number) {#constant, constant, number},
static const struct constant constants[] = {
#include "constants.inc"
};

static size_t round_up(size_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/* Nothing is left out: only padding lies between two fields that are listed. */
static int is_padding(size_t from, size_t to) { return from == to || round_up(from, 8) == to; }

int main(void) {
  const size_t count = sizeof(fields) / sizeof(fields[0]);
  size_t i, structs = 0, struct_size = 0, end = 0;
  int failures = 0;
  for (i = 0; i < count; ++i) {
    const struct field* field = &fields[i];
    if (field->offset != field->listed_offset || field->size != field->listed_size) {
      printf("%s is at %u and has %u bytes, where %u and %u are listed\n", field->name,
             (unsigned)field->offset, (unsigned)field->size, (unsigned)field->listed_offset,
             (unsigned)field->listed_size);
      ++failures;
    }
    if (!is_padding(end, field->is_struct ? struct_size : field->offset)) {
      printf("something before %s is not listed\n", field->name);
      ++failures;
    }
    end = field->is_struct ? 0 : field->offset + field->size;
    if (field->is_struct) {
      struct_size = field->size;
      ++structs;
    }
  }
  if (!is_padding(end, struct_size)) {
    printf("something at the end of the last struct is not listed\n");
    ++failures;
  }
  for (i = 0; i < sizeof(constants) / sizeof(constants[0]); ++i) {
    if (constants[i].value == constants[i].listed) continue;
    printf("%s is %d, where %d is listed\n", constants[i].name, constants[i].value,
           constants[i].listed);
    ++failures;
  }
  printf("%u structs, %u constants\n", (unsigned)structs, (unsigned)i);
  return failures != 0;
}
