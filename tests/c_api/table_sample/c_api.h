/* SPDX-License-Identifier: MIT */
typedef void(TALLY_CALL* tally_on_event)(void* user);
TALLY_API int32_t TALLY_CALL tally_box_open(const char* path, tally_on_event on_event);
TALLY_API void TALLY_CALL tally_box_destroy(tally_box* box);
