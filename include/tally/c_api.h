// SPDX-License-Identifier: MIT
#ifndef TALLY_C_API_H
#define TALLY_C_API_H

// tally for C, and for every language that can call it. Target `tally::c`.
//
// Conventions
//
//  1. Names are those of C++: `tally::Client::poll` is `tally_client_poll`; tally/*.hpp says more
//     about each. A C++ `bool` is an `int32_t`, 0 or 1; an enumeration is an `int32_t` with the
//     constants given here.
//  2. Handles are opaque. Who gets one by an `out` parameter owns it and destroys it, once, by the
//     function named so; destroying NULL does nothing. Where a handle is given to another (a ledger
//     to a client), that one keeps what it needs, and the first may be destroyed at once.
//  3. Structs are passed by pointer and begin with `struct_size`. Those that go in are filled by
//     their `_init` first; those that the caller provides for an answer need `struct_size` set;
//     those that the library owns have it set. Within a major version fields are only appended,
//     and in an appended field 0 means what was before there was one. A larger struct than this
//     library knows is accepted, and its unknown end left alone; one that is smaller than its first
//     version is refused. Pairs and the like, without `struct_size`, never change.
//  4. Text is UTF-8, by pointer and length, both ways; it does not end in a NUL unless said. An
//     empty text may have a NULL pointer. What goes in is copied. What comes out lives as long as
//     the handle that it was asked of, unless said otherwise.
//  5. Money is `units + attos / 10^18`, exactly, both with the same sign, beside its currency.
//     Amounts and counts that may be absent have a bit in `has`; without it they mean nothing, and
//     above all not 0. No floating point touches money.
//  6. Instants are microseconds since 1970 in UTC; durations say their unit in their names.
//  7. A function returns 0 (TALLY_OK), a positive number where it is said, or a negative code: one
//     of TALLY_E_*. The last parameter of each that can fail may be NULL, or a `tally_error` that
//     is filled on failure and else left alone. `out` parameters are NULL or 0 after a failure,
//     unless said.
//  8. Wrong arguments (NULL, text that is not UTF-8, sizes, numbers out of range) are
//     TALLY_E_INVALID_ARGUMENT, and the message names the parameter. A handle of another kind is
//     recognised; one that was destroyed is not.
//  9. Threads: a client, a ledger, a price catalogue and a cancel token may be shared by threads;
//     `tally_client_poll`, `_wait`, `_drive_*` and `_next_event` are for one thread at a time.
//     Everything else is for one thread at a time. The library starts no thread.
// 10. Events are pulled. Functions that a host gives (`tally_..._fn`) are called on the thread that
//     called the library, before that call returns, with no lock held, and may use the client, also
//     destroy it, unless said otherwise; never after the client and its streams were destroyed.
//     They must neither throw nor jump over the library's frames.
// 11. No exception leaves the library. Out of memory is TALLY_E_OUT_OF_MEMORY, and what was asked
//     for did not happen. A call that was under way ends with that, with its completion and its
//     bill, as any other call that is cut; what drives calls may be called again. A library that
//     was built without exceptions ends the process instead, as its containers do.
//
// The header is C99. For readers as cffi's or LuaJIT's, leave out the lines with a `#` or the word
// extern in them, and the words TALLY_C_API and TALLY_CALL: plain declarations stay.

#include <stdint.h>

#include "tally/version.h"

#ifndef TALLY_CALL
#if defined(_WIN32)
#define TALLY_CALL __cdecl
#else
#define TALLY_CALL
#endif
#endif

// TALLY_C_BUILDING is defined only while the library itself is compiled; TALLY_C_STATIC for users
// of a static one.
#if defined(_WIN32) && !defined(TALLY_C_STATIC)
#if defined(TALLY_C_BUILDING)
#define TALLY_C_API __declspec(dllexport)
#else
#define TALLY_C_API __declspec(dllimport)
#endif
#elif defined(__GNUC__) && !defined(TALLY_C_STATIC)
#define TALLY_C_API __attribute__((visibility("default")))
#else
#define TALLY_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

// ---- Plain values: these never change

typedef struct tally_text {
  const char* data;
  uint64_t size;
} tally_text;

/// A label, a header.
typedef struct tally_pair {
  tally_text key;
  tally_text value;
} tally_pair;

typedef struct tally_amount {
  int64_t units;
  int64_t attos;
} tally_amount;

typedef struct tally_money {
  tally_amount amount;
  char currency[8];  ///< `USD`, and NULs.
} tally_money;

/// A started call. 0 is none. Never used twice, for 65,535 clients of a process: the high 16 bits
/// tell the client, the others count its calls, so that an id of an ended call, or of an earlier
/// client, is just stale.
typedef uint64_t tally_call_id;

// ---- Handles

typedef struct tally_client tally_client;
typedef struct tally_chat_request tally_chat_request;
typedef struct tally_conversation tally_conversation;
typedef struct tally_stream tally_stream;
typedef struct tally_completion tally_completion;
typedef struct tally_cancel_token tally_cancel_token;
typedef struct tally_ledger tally_ledger;
typedef struct tally_price_catalog tally_price_catalog;
typedef struct tally_string tally_string;
typedef struct tally_list tally_list;
typedef struct tally_transfer_handler tally_transfer_handler;

// ---- Results

enum {
  TALLY_OK = 0,
  TALLY_E_INVALID_ARGUMENT = -1,  ///< These are `ErrorKind`s.
  TALLY_E_INVALID_CATALOG = -2,
  TALLY_E_UNSUPPORTED = -3,
  TALLY_E_AUTHENTICATION = -4,
  TALLY_E_INSUFFICIENT_BALANCE = -5,
  TALLY_E_RATE_LIMITED = -6,
  TALLY_E_CONTEXT_OVERFLOW = -7,
  TALLY_E_CONTENT_REFUSED = -8,
  TALLY_E_INVALID_REQUEST = -9,
  TALLY_E_SERVER = -10,
  TALLY_E_OVERLOADED = -11,
  TALLY_E_TIMEOUT = -12,
  TALLY_E_CONNECTION = -13,
  TALLY_E_TLS = -14,
  TALLY_E_CANCELLED = -15,
  TALLY_E_MALFORMED_REPLY = -16,
  TALLY_E_LIMIT_EXCEEDED = -17,
  TALLY_E_LEDGER = -18,
  TALLY_E_CLOSED = -19,
  TALLY_E_FORKED = -20,
  TALLY_E_BUSY = -21,
  TALLY_E_BUDGET = -22,
  TALLY_E_STALE = -1001,          ///< No such call is in flight: it has ended, or never was.
  TALLY_E_OUT_OF_MEMORY = -1002,  ///< Convention 11.
  TALLY_E_UNPRICED = -1003,       ///< No price is known; the message says why.
  TALLY_E_INTERNAL = -1004        ///< A bug of the library's, or an exception of a host's function.
};

enum {
  TALLY_CLOCK_NONE = 0,
  TALLY_CLOCK_CONNECT = 1,
  TALLY_CLOCK_FIRST_BYTE = 2,
  TALLY_CLOCK_PAYLOAD_IDLE = 3,
  TALLY_CLOCK_TOTAL = 4,
  TALLY_CLOCK_LEDGER = 5
};

/// The one shape of an error. It owns nothing: its texts end in a NUL, and are cut at a character's
/// edge where they are too long.
typedef struct tally_error {
  uint32_t struct_size;
  int32_t code;         ///< TALLY_E_*
  int32_t http_status;  ///< 0: no answer had begun.
  int32_t retry_may_help;
  int32_t charge_possible;
  int32_t clock;            ///< TALLY_CLOCK_*: which one ran out.
  char message[1024];       ///< What was tried, what came back, what to do; never the key.
  char provider_code[128];  ///< The server's own word.
  char request_id[128];     ///< The server's id of the request, for its support.
} tally_error;

/// The enumerations of this header, for `tally_enum_to_string`.
enum {
  TALLY_ENUM_ERROR = 1,
  TALLY_ENUM_CLOCK = 2,
  TALLY_ENUM_BILL_STATE = 3,
  TALLY_ENUM_FINISH_REASON = 4,
  TALLY_ENUM_USAGE_SOURCE = 5,
  TALLY_ENUM_ANOMALY = 6,
  TALLY_ENUM_BUCKET = 7,
  TALLY_ENUM_UNPRICED_REASON = 8,
  TALLY_ENUM_PRICE_FLAG = 9,
  TALLY_ENUM_COST_FLAG = 10,
  TALLY_ENUM_BUDGET_WINDOW = 11,
  TALLY_ENUM_BUDGET_REASON = 12,
  TALLY_ENUM_IMPORT_REFUSAL = 13
};

/// The word for a value (`rate_limited`; of flags, for one bit), with a NUL, in static memory;
/// NULL: no such value.
TALLY_C_API const char* TALLY_CALL tally_enum_to_string(int32_t enumeration, int32_t value);

/// `0.1.0`, with a NUL, in static memory.
TALLY_C_API const char* TALLY_CALL tally_version(void);

/// What libcurl in this process is; TALLY_E_UNSUPPORTED names what it lacks.
TALLY_C_API int32_t TALLY_CALL tally_curl_version(tally_string** out, tally_error* error);

// ---- Texts and lists that the caller owns

/// Its bytes; a NUL follows them. NULL for NULL.
TALLY_C_API const char* TALLY_CALL tally_string_data(const tally_string* string);
TALLY_C_API uint64_t TALLY_CALL tally_string_size(const tally_string* string);
TALLY_C_API void TALLY_CALL tally_string_destroy(tally_string* string);

/// A list of structs of one type, which the function that makes it names: `const tally_advice*`.
/// What its elements point to lives as long as it does.
TALLY_C_API uint64_t TALLY_CALL tally_list_size(const tally_list* list);
/// NULL: there is no such element.
TALLY_C_API const void* TALLY_CALL tally_list_at(const tally_list* list, uint64_t index);
TALLY_C_API void TALLY_CALL tally_list_destroy(tally_list* list);

// ---- Money and time

/// Reads `0.003625`, `-12`, `3.5e-7`; more than 18 decimals are refused.
TALLY_C_API int32_t TALLY_CALL tally_decimal_parse(const char* text, uint64_t size,
                                                   tally_amount* out, tally_error* error);
/// Exact; TALLY_E_LIMIT_EXCEEDED on overflow.
TALLY_C_API int32_t TALLY_CALL tally_checked_add(const tally_amount* a, const tally_amount* b,
                                                 tally_amount* out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_checked_subtract(const tally_amount* a, const tally_amount* b,
                                                      tally_amount* out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_checked_multiply(const tally_amount* a, int64_t factor,
                                                      tally_amount* out, tally_error* error);

/// All digits, and no more than needed: `0.00868`. Into `buffer`, with a NUL; 64 bytes always do.
/// Returns the length.
TALLY_C_API int32_t TALLY_CALL tally_amount_to_string(const tally_amount* amount, char* buffer,
                                                      uint64_t capacity, tally_error* error);
/// `$0.00868`. `decimals` -1: exact; 0 to 18: for people, at least so many, more for what is small.
TALLY_C_API int32_t TALLY_CALL tally_money_to_string(const tally_money* money, int32_t decimals,
                                                     char* buffer, uint64_t capacity,
                                                     tally_error* error);

/// RFC 3339: `2026-04-05T12:00:00Z`.
TALLY_C_API int32_t TALLY_CALL tally_parse_instant(const char* text, uint64_t size, int64_t* out_us,
                                                   tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_instant_to_string(int64_t instant_us, char* buffer,
                                                       uint64_t capacity, tally_error* error);

// ---- A chat request

enum { TALLY_ROLE_SYSTEM = 0, TALLY_ROLE_USER = 1, TALLY_ROLE_ASSISTANT = 2, TALLY_ROLE_TOOL = 3 };
enum {
  TALLY_PART_TEXT = 0,
  TALLY_PART_IMAGE = 1,  ///< `value`: a URL (`https:` or `data:`); `detail`: `low`, `high`.
  TALLY_PART_FILE = 2,   ///< `value`: a file's id.
  TALLY_PART_AUDIO = 3,  ///< `value`: base64; `detail`: the format, `wav`.
  TALLY_PART_JSON = 4    ///< `value`: a JSON object, as it goes out.
};
enum { TALLY_THINKING_DEFAULT = 0, TALLY_THINKING_ENABLED = 1, TALLY_THINKING_DISABLED = 2 };
enum {
  TALLY_EFFORT_DEFAULT = 0,
  TALLY_EFFORT_LOW = 1,
  TALLY_EFFORT_MEDIUM = 2,
  TALLY_EFFORT_HIGH = 3,
  TALLY_EFFORT_MAXIMUM = 4,
  TALLY_EFFORT_MINIMAL = 5,
  TALLY_EFFORT_XHIGH = 6,
  TALLY_EFFORT_ULTRA = 7
};
enum {
  TALLY_FORMAT_TEXT = 0,
  TALLY_FORMAT_JSON_OBJECT = 1,
  TALLY_FORMAT_JSON_SCHEMA = 2  ///< As `schema_name`, `schema` and `schema_is_strict` say.
};
enum { TALLY_SAFETY_DEFAULT = 0, TALLY_SAFETY_LOW = 1, TALLY_SAFETY_HIGH = 2 };

/// A call of a function that the model asks for.
typedef struct tally_tool_call {
  uint32_t struct_size;
  int32_t reserved;
  tally_text id;
  tally_text name;
  tally_text arguments;  ///< JSON as the model wrote it: it may be wrong.
  tally_text extra;      ///< A JSON object with what else the server wants back.
} tally_tool_call;
TALLY_C_API int32_t TALLY_CALL tally_tool_call_init(tally_tool_call* call, uint32_t size);

typedef struct tally_message {
  uint32_t struct_size;
  int32_t role;  ///< TALLY_ROLE_*; TALLY_ROLE_USER.
  tally_text content;
  tally_text reasoning_content;  ///< With `has_reasoning_content`: absent and empty differ.
  int32_t has_reasoning_content;
  int32_t prefix;           ///< Last assistant message: the answer continues this text.
  tally_text tool_call_id;  ///< Tool messages: which call this answers.
  tally_text name;
  const tally_tool_call* const* tool_calls;  ///< Assistant messages.
  uint64_t tool_calls_count;
  tally_text extra;  ///< A JSON object, whose members stand beside these and over them.
} tally_message;
TALLY_C_API int32_t TALLY_CALL tally_message_init(tally_message* message, uint32_t size);

typedef struct tally_content_part {
  uint32_t struct_size;
  int32_t kind;  ///< TALLY_PART_*
  tally_text value;
  tally_text detail;
} tally_content_part;
TALLY_C_API int32_t TALLY_CALL tally_content_part_init(tally_content_part* part, uint32_t size);

typedef struct tally_tool {
  uint32_t struct_size;
  int32_t strict;
  tally_text name;
  tally_text description;
  tally_text parameters;  ///< A JSON schema; empty: no parameters.
} tally_tool;
TALLY_C_API int32_t TALLY_CALL tally_tool_init(tally_tool* tool, uint32_t size);

/// Bits of `tally_chat_parameters::has`.
enum {
  TALLY_HAS_MAX_TOKENS = 1,
  TALLY_HAS_TEMPERATURE = 2,
  TALLY_HAS_TOP_P = 4,
  TALLY_HAS_PRESENCE_PENALTY = 8,
  TALLY_HAS_FREQUENCY_PENALTY = 16,
  TALLY_HAS_SEED = 32,
  TALLY_HAS_LOGPROBS = 64,
  TALLY_HAS_TOP_LOGPROBS = 128,
  TALLY_HAS_N = 256,
  TALLY_HAS_PARALLEL_TOOL_CALLS = 512
};

/// Everything of `tally::ChatRequest` that is not a list. What is not set is the server's to
/// decide.
typedef struct tally_chat_parameters {
  uint32_t struct_size;
  uint32_t has;  ///< Which of those that `TALLY_HAS_*` names are set.
  tally_text model;
  int64_t max_tokens;
  double temperature;
  double top_p;
  double presence_penalty;
  double frequency_penalty;
  int64_t seed;
  int32_t logprobs;
  int32_t top_logprobs;
  int32_t n;
  int32_t parallel_tool_calls;
  int32_t thinking;          ///< TALLY_THINKING_*
  int32_t reasoning_effort;  ///< TALLY_EFFORT_*
  int32_t response_format;   ///< TALLY_FORMAT_*
  int32_t safety_check;      ///< TALLY_SAFETY_*
  tally_text tool_choice;    ///< `none`, `auto`, `required`, or a function's name.
  tally_text schema_name;
  tally_text schema;
  int32_t schema_is_strict;
  int32_t reserved;
  tally_text logit_bias;  ///< A JSON object.
  tally_text service_tier;
  tally_text user_id;  ///< DeepSeek's.
  tally_text user;     ///< OpenAI's.
  /// A JSON object that is merged last and over everything else. It may be the whole request.
  tally_text extra;
} tally_chat_parameters;
TALLY_C_API int32_t TALLY_CALL tally_chat_parameters_init(tally_chat_parameters* parameters,
                                                          uint32_t size);

/// A request without messages. It may be sent any number of times, and changed in between.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_create(tally_chat_request** out,
                                                         tally_error* error);
TALLY_C_API void TALLY_CALL tally_chat_request_destroy(tally_chat_request* request);
/// In the place of all that were set before.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_set(tally_chat_request* request,
                                                      const tally_chat_parameters* parameters,
                                                      tally_error* error);
/// A message of text only.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_text(tally_chat_request* request,
                                                            int32_t role, const char* text,
                                                            uint64_t size, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_message(tally_chat_request* request,
                                                               const tally_message* message,
                                                               tally_error* error);
/// Onto the last message, which there must be.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_part(tally_chat_request* request,
                                                            const tally_content_part* part,
                                                            tally_error* error);
/// The answer as the server wants it back: thinking and calls of tools included. A failed call's is
/// refused.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_reply(tally_chat_request* request,
                                                             const tally_completion* completion,
                                                             tally_error* error);
/// What the tool answered to that call.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_tool_result(tally_chat_request* request,
                                                                   const char* tool_call_id,
                                                                   uint64_t tool_call_id_size,
                                                                   const char* text, uint64_t size,
                                                                   tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_chat_request_clear_messages(tally_chat_request* request,
                                                                 tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_stop(tally_chat_request* request,
                                                            const char* text, uint64_t size,
                                                            tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_tool(tally_chat_request* request,
                                                            const tally_tool* tool,
                                                            tally_error* error);
/// `options`: a JSON object, whose members stand beside `type`; may be empty.
TALLY_C_API int32_t TALLY_CALL tally_chat_request_push_server_tool(
    tally_chat_request* request, const char* type, uint64_t type_size, const char* options,
    uint64_t options_size, tally_error* error);

/// The arguments of a call, if they are a JSON object; else an error in words that the model may be
/// told.
TALLY_C_API int32_t TALLY_CALL tally_validated_arguments(const tally_tool_call* call,
                                                         tally_string** out, tally_error* error);

/// A guess of the tokens of a text; `high` is a true bound for the text alone. Each may be NULL.
TALLY_C_API int32_t TALLY_CALL tally_estimate_tokens(const char* text, uint64_t size, int64_t* low,
                                                     int64_t* likely, int64_t* high,
                                                     tally_error* error);

/// Bits of `tally_fim_request::has`, with those above from TALLY_HAS_MAX_TOKENS to
/// TALLY_HAS_FREQUENCY_PENALTY and TALLY_HAS_LOGPROBS.
enum { TALLY_HAS_SUFFIX = 1024, TALLY_HAS_ECHO = 2048 };

/// A text with a hole that the model fills in. The answer is a reply as any other.
typedef struct tally_fim_request {
  uint32_t struct_size;
  uint32_t has;
  tally_text model;
  tally_text prompt;  ///< What stands before the hole. Not empty.
  tally_text suffix;  ///< What stands after it.
  int64_t max_tokens;
  double temperature;
  double top_p;
  double presence_penalty;
  double frequency_penalty;
  int32_t logprobs;
  int32_t echo;
  const tally_text* stop;
  uint64_t stop_count;
  tally_text extra;  ///< A JSON object, merged last and over everything else.
} tally_fim_request;
TALLY_C_API int32_t TALLY_CALL tally_fim_request_init(tally_fim_request* request, uint32_t size);

// ---- What a call costs

enum {
  TALLY_STATE_RESERVED = 0,
  TALLY_STATE_SETTLED = 1,
  TALLY_STATE_ESTIMATED = 2,
  TALLY_STATE_PARTIAL = 3,
  TALLY_STATE_UNPRICED = 4,
  TALLY_STATE_NOT_BILLED = 5
};
enum {
  TALLY_SOURCE_NONE = 0,
  TALLY_SOURCE_PROVIDER = 1,
  TALLY_SOURCE_ESTIMATOR = 2,
  TALLY_SOURCE_MIXED = 3
};
enum {
  TALLY_BUCKET_INPUT_CACHE_HIT = 0,
  TALLY_BUCKET_INPUT_CACHE_MISS = 1,
  TALLY_BUCKET_CACHE_WRITE = 2,
  TALLY_BUCKET_CACHE_WRITE_1H = 3,
  TALLY_BUCKET_OUTPUT = 4,
  TALLY_BUCKET_REASONING = 5,
  TALLY_BUCKET_INPUT_AUDIO = 6,
  TALLY_BUCKET_OUTPUT_AUDIO = 7,
  TALLY_BUCKET_INPUT_IMAGE = 8,
  TALLY_BUCKET_INPUT_AUDIO_CACHE_HIT = 9,
  TALLY_BUCKET_OUTPUT_IMAGE = 10,
  TALLY_BUCKET_UNIT = 11  ///< No tokens: something with a name of its own, as `search_query`.
};
enum {
  TALLY_UNPRICED_NONE = 0,
  TALLY_UNPRICED_UNKNOWN_MODEL = 1,
  TALLY_UNPRICED_ALIAS_OUT_OF_DATE = 2,
  TALLY_UNPRICED_NO_PRICE_AT_INSTANT = 3,
  TALLY_UNPRICED_NO_PRICE_IN_CURRENCY = 4,
  TALLY_UNPRICED_NO_USAGE = 5,
  TALLY_UNPRICED_OVERFLOW = 6,
  TALLY_UNPRICED_MIXED_CURRENCIES = 7
};
/// Bits: 1 << PriceFlag, and 1 << CostFlag, and 1 << Anomaly.
enum {
  TALLY_PRICE_STALE = 1,
  TALLY_PRICE_CALENDAR_EXPIRED = 2,
  TALLY_PRICE_MODEL_SUBSTITUTED = 4,
  TALLY_PRICE_CHANGE_IS_NEAR = 8,
  TALLY_PRICE_SERVICE_TIER_UNKNOWN = 16
};
enum {
  TALLY_COST_STRADDLES_BANDS = 1,
  TALLY_COST_OUTPUT_UNBOUNDED = 2,
  TALLY_COST_MISSING_QUANTITY = 4,
  TALLY_COST_UNEXPLAINED_TOTAL = 8
};
enum {
  TALLY_ANOMALY_PROMPT_SPLIT_MISMATCH = 1,
  TALLY_ANOMALY_CACHED_GT_PROMPT = 2,
  TALLY_ANOMALY_REASONING_GT_COMPLETION = 4,
  TALLY_ANOMALY_TOTAL_RESIDUAL = 8,
  TALLY_ANOMALY_TOTAL_SHORT = 16,
  TALLY_ANOMALY_BAD_COUNT = 32,
  TALLY_ANOMALY_USAGE_REGRESSED = 64,
  TALLY_ANOMALY_OTHER_MODALITY = 128,
  TALLY_ANOMALY_CACHED_KIND_UNKNOWN = 256
};

/// Bits of `tally_usage::has`.
enum {
  TALLY_HAS_PROMPT_TOKENS = 1,
  TALLY_HAS_PROMPT_CACHE_HIT_TOKENS = 2,
  TALLY_HAS_PROMPT_CACHE_MISS_TOKENS = 4,
  TALLY_HAS_CACHE_WRITE_TOKENS = 8,
  TALLY_HAS_COMPLETION_TOKENS = 16,
  TALLY_HAS_REASONING_TOKENS = 32,
  TALLY_HAS_TOTAL_TOKENS = 64,
  TALLY_HAS_BILLED_CACHE_MISS = 128,
  TALLY_HAS_BILLED_CACHE_HIT = 256,
  TALLY_HAS_BILLED_CACHE_WRITE = 512,
  TALLY_HAS_BILLED_OUTPUT = 1024
};

/// Something that is billed beside tokens.
typedef struct tally_billed_unit {
  uint32_t struct_size;
  int32_t has_count;  ///< 0: it was asked for, and nobody counted it.
  tally_text name;    ///< `search_query`
  int64_t count;
} tally_billed_unit;

typedef struct tally_usage {
  uint32_t struct_size;
  uint32_t has;
  int64_t prompt_tokens;
  int64_t prompt_cache_hit_tokens;
  int64_t prompt_cache_miss_tokens;
  int64_t cache_write_tokens;
  int64_t completion_tokens;
  int64_t reasoning_tokens;
  int64_t total_tokens;
  int64_t billed_cache_miss;  ///< The disjoint quantities that are billed.
  int64_t billed_cache_hit;
  int64_t billed_cache_write;
  int64_t billed_output;
  int64_t billed_audio_miss;  ///< Parts of the four above; what is left of each is text.
  int64_t billed_image_miss;
  int64_t billed_audio_hit;
  int64_t billed_write_1h;
  int64_t billed_audio_output;
  int64_t billed_image_output;
  int32_t source;      ///< TALLY_SOURCE_*
  uint32_t anomalies;  ///< Bits: TALLY_ANOMALY_*
  tally_text service_tier;
  tally_text raw;  ///< The server's usage object, verbatim.
  const tally_billed_unit* const* units;
  uint64_t units_count;
} tally_usage;
TALLY_C_API int32_t TALLY_CALL tally_usage_init(tally_usage* usage, uint32_t size);

/// The price of one token of a bucket, or of one unit.
typedef struct tally_rate {
  uint32_t struct_size;
  int32_t bucket;   ///< TALLY_BUCKET_*
  tally_text name;  ///< The bucket's or the unit's.
  tally_amount price_of_one;
} tally_rate;

/// The price that was used.
typedef struct tally_price {
  uint32_t struct_size;
  uint32_t flags;  ///< Bits: TALLY_PRICE_*
  tally_text entry_id;
  tally_text provider;
  tally_text model;  ///< The card's, after aliases.
  tally_text band;   ///< `peak`, `offpeak`, `standard`, `default`.
  tally_text service_tier;
  tally_text catalog_version;
  tally_text sha256;
  tally_text source_name;
  tally_text source_url;
  tally_text verified_at;
  tally_text text;  ///< `ds-v41f-b off-peak (catalogue 2026-11-22.1; ...)`
  int64_t context_tier;
  int32_t has_context_tier;
  int32_t reserved;
  char currency[8];  ///< `USD`, and NULs.
  const tally_rate* const* rates;
  uint64_t rates_count;
} tally_price;

/// One bucket of a bill, or one kind of unit.
typedef struct tally_cost_line {
  uint32_t struct_size;
  int32_t bucket;
  int32_t is_priced;  ///< 0: there is no price for these, and the amounts mean nothing.
  int32_t reserved;
  tally_text name;  ///< The bucket's or the unit's.
  int64_t quantity;
  tally_amount per_token;  ///< Of a unit: the price of one.
  tally_amount amount;     ///< quantity * per_token, exactly.
} tally_cost_line;

/// Bits of `tally_cost::has`.
enum {
  TALLY_HAS_TOTAL = 1,
  TALLY_HAS_BOUNDS = 2,
  TALLY_HAS_REPORTED = 4,
  TALLY_HAS_REPORTED_DIFFERENCE = 8
};

typedef struct tally_cost {
  uint32_t struct_size;
  uint32_t has;
  tally_money total;  ///< Without TALLY_HAS_TOTAL there is no price, which is not a cost of 0.
  tally_money low;    ///< With TALLY_HAS_BOUNDS; so `high`.
  tally_money high;
  tally_money reported;  ///< The provider's own figure.
  tally_money reported_difference;
  tally_text text;  ///< `~$0.0012`, `>=$0.3`, `unpriced (unknown model ...)`
  int32_t is_estimate;
  int32_t is_lower_bound;
  int32_t unpriced_reason;  ///< TALLY_UNPRICED_*
  uint32_t flags;           ///< Bits: TALLY_COST_*
  tally_text unpriced_message;
  const tally_cost_line* const* lines;
  uint64_t lines_count;
  const tally_price* price;  ///< NULL: none, or not kept.
} tally_cost;

typedef struct tally_attempt {
  uint32_t struct_size;
  int32_t number;
  tally_text attempt_id;
  int32_t state;  ///< TALLY_STATE_*
  int32_t http_status;
  tally_text reason;  ///< Why it is not settled: `stream_cut`, `http_429`, `cancelled`, ...
  tally_text request_id;
  tally_text model_reported;
  int64_t started_us;
  int64_t completed_us;
  int64_t first_byte_after_us;
  int32_t has_first_byte_after;
  int32_t reserved;
  const tally_usage* usage;  ///< Never NULL; so `cost`.
  const tally_cost* cost;
} tally_attempt;

typedef struct tally_budget_status {
  uint32_t struct_size;
  int32_t in_flight;
  tally_text id;
  tally_money limit;
  int64_t window_begin_us;
  int64_t window_end_us;
  tally_amount spent;
  tally_amount held;
  tally_amount estimated;  ///< The part of `spent` that is estimates.
  tally_amount left;       ///< limit - spent - held.
  int64_t unpriced_calls;
} tally_budget_status;

enum {
  TALLY_REFUSED_AMOUNT = 0,
  TALLY_REFUSED_IN_FLIGHT = 1,
  TALLY_REFUSED_REQUESTS_PER_MINUTE = 2,
  TALLY_REFUSED_UNPRICED = 3
};
typedef struct tally_budget_refusal {
  uint32_t struct_size;
  int32_t reason;                     ///< TALLY_REFUSED_*
  const tally_budget_status* status;  ///< As it stood. Never NULL.
  tally_money could_cost;
  int32_t has_could_cost;
  int32_t reserved;
  tally_text text;
} tally_budget_refusal;

/// The bill: there is one whether the call succeeded or not.
typedef struct tally_receipt {
  uint32_t struct_size;
  int32_t state;       ///< The worst attempt's.
  tally_text call_id;  ///< A UUID.
  tally_text provider;
  tally_text model;  ///< As requested.
  tally_text text;   ///< `18 in (0 cached) + 42 out = $0.0000279  deepseek-flash, settled`
  const tally_attempt* const* attempts;
  uint64_t attempts_count;
  const tally_usage* usage;  ///< The sum of the attempts'. Never NULL; so `cost`.
  const tally_cost* cost;
  const tally_error* ledger_error;      ///< What the ledger answered; NULL: nothing amiss.
  const tally_budget_refusal* refusal;  ///< Of TALLY_E_BUDGET; else NULL.
} tally_receipt;

// ---- What a call brings

enum {
  TALLY_FINISH_NONE = 0,
  TALLY_FINISH_STOP = 1,
  TALLY_FINISH_LENGTH = 2,
  TALLY_FINISH_TOOL_CALLS = 3,
  TALLY_FINISH_CONTENT_FILTER = 4,
  TALLY_FINISH_INSUFFICIENT_SYSTEM_RESOURCE = 5,
  TALLY_FINISH_OTHER = 6
};

/// A choice after the first.
typedef struct tally_choice {
  uint32_t struct_size;
  int32_t index;
  tally_text text;
  tally_text reasoning;
  int32_t has_reasoning;
  int32_t finish_reason;
  tally_text finish_reason_text;
  tally_text refusal;
  tally_text logprobs;
  const tally_tool_call* const* tool_calls;
  uint64_t tool_calls_count;
} tally_choice;

typedef struct tally_reply {
  uint32_t struct_size;
  int32_t finish_reason;  ///< TALLY_FINISH_*
  tally_text finish_reason_text;
  tally_text id;
  tally_text model;  ///< As the server named it.
  tally_text text;
  tally_text reasoning;
  int32_t has_reasoning;
  int32_t reserved;
  tally_text refusal;
  tally_text logprobs;
  tally_text system_fingerprint;
  tally_text service_tier;
  tally_text request_id;
  tally_text raw;   ///< With `tally_limits::keep_raw`: bytes as they came, perhaps not UTF-8.
  int64_t created;  ///< Seconds since 1970, as the server says.
  const tally_tool_call* const* tool_calls;
  uint64_t tool_calls_count;
  const tally_pair* headers;  ///< Of limits, ids and times.
  uint64_t headers_count;
  const tally_choice* const* more_choices;
  uint64_t more_choices_count;
} tally_reply;

/// The answer; of a failed call, what had come of it. Never NULL but for NULL, or where there is no
/// memory for it: then it may be asked again. So the receipt.
TALLY_C_API const tally_reply* TALLY_CALL
tally_completion_reply(const tally_completion* completion);
/// NULL: the call succeeded.
TALLY_C_API const tally_error* TALLY_CALL
tally_completion_error(const tally_completion* completion);
TALLY_C_API const tally_receipt* TALLY_CALL
tally_completion_receipt(const tally_completion* completion);
/// Several lines: each attempt with its buckets, price and flags.
TALLY_C_API int32_t TALLY_CALL tally_completion_explain(const tally_completion* completion,
                                                        tally_string** out, tally_error* error);
TALLY_C_API void TALLY_CALL tally_completion_destroy(tally_completion* completion);

enum {
  TALLY_EVENT_NONE = 0,
  TALLY_EVENT_TEXT = 1,
  TALLY_EVENT_REASONING = 2,
  TALLY_EVENT_REFUSAL = 3,
  TALLY_EVENT_TOOL_CALL = 4,  ///< `text` is a piece of the arguments.
  TALLY_EVENT_COMPLETION = 5  ///< The last of each call.
};

/// Something that happened to a call. Its texts live until the next event is asked for, or the next
/// poll.
typedef struct tally_event {
  uint32_t struct_size;
  int32_t kind;        ///< TALLY_EVENT_*
  tally_call_id call;  ///< Of started calls; else 0.
  tally_text text;
  int32_t choice;  ///< Which of `n` it belongs to.
  int32_t tool_index;
  tally_text tool_id;    ///< Once, with the first piece.
  tally_text tool_name;  ///< So this.
  /// Of TALLY_EVENT_COMPLETION: the caller owns it.
  tally_completion* completion;
} tally_event;

// ---- How a client is opened

typedef struct tally_clocks {
  uint32_t struct_size;
  int32_t reserved;
  int64_t connect_ms;  ///< 10,000; 0 switches a clock off; so below.
  int64_t first_byte_ms;
  int64_t payload_idle_ms;
  int64_t total_ms;
  int64_t ledger_ms;
} tally_clocks;
TALLY_C_API int32_t TALLY_CALL tally_clocks_init(tally_clocks* clocks, uint32_t size);

typedef struct tally_retries {
  uint32_t struct_size;
  int32_t most;  ///< Further attempts: 2.
  int64_t first_delay_ms;
  int64_t longest_delay_ms;
  int64_t within_ms;
} tally_retries;
TALLY_C_API int32_t TALLY_CALL tally_retries_init(tally_retries* retries, uint32_t size);

typedef struct tally_limits {
  uint32_t struct_size;
  int32_t json_depth;
  int64_t line_bytes;
  int64_t event_bytes;
  int64_t reply_bytes;
  int64_t queued_deltas;
  int32_t keep_raw;
  int32_t reserved;
} tally_limits;
TALLY_C_API int32_t TALLY_CALL tally_limits_init(tally_limits* limits, uint32_t size);

/// What the libcurl transport can be told. Without `proxy` there is none.
typedef struct tally_curl_options {
  uint32_t struct_size;
  int32_t http2;  ///< Over TLS, where the server offers it.
  tally_text ca_file;
  tally_text ca_pem;
  tally_text client_certificate;
  tally_text client_key;
  tally_text client_key_password;
  tally_text proxy;
  tally_text proxy_user;
  tally_text proxy_password;
  tally_text unix_socket;
  const tally_text* resolve;  ///< `host:port:address`
  uint64_t resolve_count;
  int32_t compression;
  int32_t reserved;
} tally_curl_options;
TALLY_C_API int32_t TALLY_CALL tally_curl_options_init(tally_curl_options* options, uint32_t size);

enum {
  TALLY_LOG_OFF = 0,
  TALLY_LOG_WARNING = 1,  ///< Retries, and budgets that were passed.
  TALLY_LOG_INFO = 2,     ///< Each attempt, with its bill.
  TALLY_LOG_TRACE = 3     ///< What libcurl says.
};

/// One line, without its end. Never the key, the prompt or the answer. At TALLY_LOG_TRACE it must
/// not use the client.
typedef void(TALLY_CALL* tally_log_fn)(void* user, int32_t level, const char* line, uint64_t size);
/// Writes the key into `buffer` (16,384 bytes) and returns its length; 0 or less, or more than
/// `capacity`, fails the attempt as TALLY_E_AUTHENTICATION. Called before each attempt; it must not
/// use the client.
typedef int32_t(TALLY_CALL* tally_token_fn)(void* user, char* buffer, uint64_t capacity);
/// What a loop of the host's is to watch a socket for: bits TALLY_READ and TALLY_WRITE; 0: no more.
/// Drive and pull events after the function of the library's that called this has returned, and not
/// in here: a pull inside a pull brings nothing. So `tally_timer_fn`.
typedef void(TALLY_CALL* tally_socket_fn)(void* user, int64_t socket, int32_t watch);
/// `tally_client_drive_timer` is wanted after so many microseconds, instead of when it was wanted
/// before; -1: not any more.
typedef void(TALLY_CALL* tally_timer_fn)(void* user, int64_t after_us);
/// One line of a recording, without its end: prompts and answers, no key. It must not use the
/// client.
typedef void(TALLY_CALL* tally_record_fn)(void* user, const char* line, uint64_t size);
/// A delta of a call that waits. 0: go on; else the transfer ends.
typedef int32_t(TALLY_CALL* tally_delta_fn)(void* user, const tally_event* delta);

enum { TALLY_READ = 1, TALLY_WRITE = 2 };

/// A clock of the host's. From any thread that uses the client; it must not use the client.
typedef struct tally_clock {
  uint32_t struct_size;
  int32_t reserved;
  void* user;
  int64_t(TALLY_CALL* steady_ns)(void* user);  ///< Never jumps.
  int64_t(TALLY_CALL* wall_us)(void* user);    ///< Since 1970, UTC.
} tally_clock;

/// What a transport of the host's is to send. It lives until the transfer has ended.
typedef struct tally_http_request {
  uint32_t struct_size;
  int32_t has_body;  ///< 1: POST; 0: GET.
  tally_text url;
  tally_text body;
  const tally_pair* headers;  ///< They hold the key: never log them.
  uint64_t headers_count;
} tally_http_request;

/// HTTP by the host: `tally::Transport` as a table of functions. `make` makes one instance for each
/// lane of a client (the started calls are one, each blocking call under way another); the others
/// are given that instance, by one thread at a time but for `wake`.
///
/// The handler of a transfer is told by `tally_transfer_handler_*`, only from inside `drive`. None
/// of these functions may use the client.
typedef struct tally_transport {
  uint32_t struct_size;
  int32_t reserved;
  void* user;
  void*(TALLY_CALL* make)(void* user);  ///< NULL: it cannot.
  void(TALLY_CALL* destroy)(void* instance);
  /// Begins a transfer, by an id that is not 0; tells nobody before the next `drive`. 0: it cannot.
  uint64_t(TALLY_CALL* start)(void* instance, const tally_http_request* request,
                              tally_transfer_handler* handler);
  void(TALLY_CALL* pause)(void* instance, uint64_t transfer);
  void(TALLY_CALL* resume)(void* instance, uint64_t transfer);
  /// Ends it at once; its handler must not be used any more. Unknown ids are ignored.
  void(TALLY_CALL* cancel)(void* instance, uint64_t transfer);
  /// Does what can be done now; if that is nothing, waits up to so long (0: not at all) for more.
  void(TALLY_CALL* drive)(void* instance, int64_t wait_us);
  /// In how many microseconds `drive` wants to be called at the latest; -1: whenever.
  int64_t(TALLY_CALL* next_deadline)(void* instance);
  /// Ends a waiting `drive` early. From any thread.
  void(TALLY_CALL* wake)(void* instance);
  void(TALLY_CALL* forget_idle_connections)(void* instance);  ///< May be NULL.
} tally_transport;

enum { TALLY_BODY_KEEP = 0, TALLY_BODY_PAUSE = 1, TALLY_BODY_ABORT = 2 };
enum {
  TALLY_TRANSFER_COMPLETE = 0,
  TALLY_TRANSFER_CONNECT_FAILED = 1,
  TALLY_TRANSFER_TLS_FAILED = 2,
  TALLY_TRANSFER_SEND_FAILED = 3,
  TALLY_TRANSFER_RECEIVE_FAILED = 4,
  TALLY_TRANSFER_REFUSED_BY_HANDLER = 5,
  TALLY_TRANSFER_FAILED = 6,
  TALLY_TRANSFER_NOT_HTTP = 7,
  TALLY_TRANSFER_CANCELLED = 8  ///< By the host, and not by `cancel`.
};

typedef struct tally_transfer_end {
  uint32_t struct_size;
  int32_t result;        ///< TALLY_TRANSFER_*
  int32_t request_sent;  ///< The last byte of the request had been handed to the network.
  int32_t reserved;
  tally_text message;  ///< In words, without secrets.
} tally_transfer_end;
TALLY_C_API int32_t TALLY_CALL tally_transfer_end_init(tally_transfer_end* end, uint32_t size);

/// In this order: connected, header..., head, body..., end. NULL is ignored.
TALLY_C_API void TALLY_CALL tally_transfer_handler_on_connected(tally_transfer_handler* handler);
TALLY_C_API void TALLY_CALL tally_transfer_handler_on_header(tally_transfer_handler* handler,
                                                             const char* name, uint64_t name_size,
                                                             const char* value,
                                                             uint64_t value_size);
TALLY_C_API void TALLY_CALL tally_transfer_handler_on_head(tally_transfer_handler* handler,
                                                           int32_t status);
/// TALLY_BODY_*: after PAUSE nothing of this piece was taken, and it is to come again after
/// `resume`; after ABORT the transfer ends as TALLY_TRANSFER_REFUSED_BY_HANDLER.
TALLY_C_API int32_t TALLY_CALL tally_transfer_handler_on_body(tally_transfer_handler* handler,
                                                              const char* bytes, uint64_t size);
/// The handler must not be used any more.
TALLY_C_API void TALLY_CALL tally_transfer_handler_on_end(tally_transfer_handler* handler,
                                                          const tally_transfer_end* end);

enum { TALLY_KEY_HEADER_DEFAULT = 0, TALLY_KEY_HEADER_BEARER = 1, TALLY_KEY_HEADER_API_KEY = 2 };
enum { TALLY_BILLING_BY_CATALOG = 0, TALLY_BILLING_COMPLETED = 1, TALLY_BILLING_STARTED = 2 };

/// Ship the address of a proxy of your own rather than a key: whoever has the program has its key.
typedef struct tally_client_options {
  uint32_t struct_size;
  /// 1: `api_key` from the variable of `preset` (`DEEPSEEK_API_KEY` where there is none), and for
  /// DeepSeek `base_url` from `DEEPSEEK_BASE_URL`. What is set here goes before.
  int32_t from_environment;
  tally_text preset;  ///< `base_url` and `provider` of that id (`tally_provider_presets`).
  tally_text api_key;
  tally_text base_url;  ///< Empty: DeepSeek's.
  tally_text provider;  ///< Whose prices and dialect apply; empty: told by `base_url`.
  tally_text currency;  ///< What the account pays in; empty: `USD`.
  tally_text user_agent;
  int32_t key_header;                 ///< TALLY_KEY_HEADER_*
  int32_t billing_instant;            ///< TALLY_BILLING_*
  const tally_price_catalog* prices;  ///< NULL: the built-in ones.
  const tally_ledger* ledger;         ///< NULL: none.
  const tally_clocks* clocks;         ///< NULL: the defaults; so below.
  const tally_retries* retries;
  const tally_limits* limits;
  const tally_curl_options* curl;
  const tally_pair* headers;  ///< Sent with every request.
  uint64_t headers_count;
  void* user;  ///< For all functions here, until the client and its streams are destroyed.
  tally_token_fn token;
  tally_log_fn log;
  int32_t log_level;  ///< The highest that is wanted: TALLY_LOG_INFO.
  int32_t reserved;
  tally_socket_fn on_socket;         ///< A loop of the host's drives the started calls,
  tally_timer_fn on_timer;           ///< with both of these.
  const tally_clock* clock;          ///< NULL: the system's.
  const tally_transport* transport;  ///< NULL: libcurl, with `curl`.
  tally_record_fn record;
  tally_text replay;  ///< The lines of a recording, which is played instead, with its clock.
} tally_client_options;
TALLY_C_API int32_t TALLY_CALL tally_client_options_init(tally_client_options* options,
                                                         uint32_t size);

/// What is not for the server. Wherever one is taken NULL means all defaults.
typedef struct tally_call_options {
  uint32_t struct_size;
  int32_t reserved;
  uint64_t group;            ///< What `tally_client_cancel_group` ends together.
  const tally_pair* labels;  ///< Kept in the ledger.
  uint64_t labels_count;
  const tally_clocks* clocks;  ///< NULL: the client's; so below.
  const tally_retries* retries;
  const tally_ledger* ledger;
  const tally_cancel_token* cancel;
} tally_call_options;
TALLY_C_API int32_t TALLY_CALL tally_call_options_init(tally_call_options* options, uint32_t size);

TALLY_C_API int32_t TALLY_CALL tally_cancel_token_create(tally_cancel_token** out,
                                                         tally_error* error);
/// Ends every call that was given this token, now or later. From any thread.
TALLY_C_API int32_t TALLY_CALL tally_cancel_token_cancel(const tally_cancel_token* token,
                                                         tally_error* error);
/// 1: it was cancelled.
TALLY_C_API int32_t TALLY_CALL tally_cancel_token_cancelled(const tally_cancel_token* token);
TALLY_C_API void TALLY_CALL tally_cancel_token_destroy(tally_cancel_token* token);

// ---- A client

TALLY_C_API int32_t TALLY_CALL tally_client_open(const tally_client_options* options,
                                                 tally_client** out, tally_error* error);
/// As `tally_client_shutdown(client, 0)`, in which functions of the host's are called and may still
/// use it; events that nobody pulled are gone. No other thread may be using it. Its streams stay,
/// and call those functions until they are destroyed too.
TALLY_C_API void TALLY_CALL tally_client_destroy(tally_client* client);

/// Asks and waits for the whole answer. `on_delta` may be NULL. Returns the error of the call, if
/// there was one; `out` is set nevertheless, since there is a bill, unless the call could not be
/// made at all.
TALLY_C_API int32_t TALLY_CALL tally_client_chat(tally_client* client,
                                                 const tally_chat_request* request,
                                                 const tally_call_options* options,
                                                 tally_delta_fn on_delta, void* user,
                                                 tally_completion** out, tally_error* error);

/// Asks for an answer that is pulled piece by piece.
TALLY_C_API int32_t TALLY_CALL tally_client_stream(tally_client* client,
                                                   const tally_chat_request* request,
                                                   const tally_call_options* options,
                                                   tally_stream** out, tally_error* error);
/// 1: here is the next piece, for which it waited. 0: the answer has ended, well or not.
TALLY_C_API int32_t TALLY_CALL tally_stream_next(tally_stream* stream, tally_event* event,
                                                 tally_error* error);
/// Ends the transfer now.
TALLY_C_API int32_t TALLY_CALL tally_stream_cancel(tally_stream* stream, tally_error* error);
/// Reads to the end; returns and sets `out` as `tally_client_chat` does. A second call gives the
/// same again.
TALLY_C_API int32_t TALLY_CALL tally_stream_finish(tally_stream* stream, tally_completion** out,
                                                   tally_error* error);
/// Ends the transfer, if it has not ended, and settles its bill: functions of the host's are
/// called, also where the client was destroyed before.
TALLY_C_API void TALLY_CALL tally_stream_destroy(tally_stream* stream);

/// Starts a call that `tally_client_poll` drives. Also one that cannot begin ends with a completion
/// event.
TALLY_C_API int32_t TALLY_CALL tally_client_chat_start(tally_client* client,
                                                       const tally_chat_request* request,
                                                       const tally_call_options* options,
                                                       tally_call_id* out, tally_error* error);

/// The same for a text with a hole.
TALLY_C_API int32_t TALLY_CALL tally_client_fim(tally_client* client,
                                                const tally_fim_request* request,
                                                const tally_call_options* options,
                                                tally_delta_fn on_delta, void* user,
                                                tally_completion** out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_client_fim_stream(tally_client* client,
                                                       const tally_fim_request* request,
                                                       const tally_call_options* options,
                                                       tally_stream** out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_client_fim_start(tally_client* client,
                                                      const tally_fim_request* request,
                                                      const tally_call_options* options,
                                                      tally_call_id* out, tally_error* error);

typedef struct tally_poll_result {
  uint32_t struct_size;
  int32_t reserved;
  uint64_t events_ready;
  uint64_t calls_in_flight;
} tally_poll_result;

/// Does what can be done within `budget_us`, and never waits. Once a frame. `result` may be NULL;
/// so below.
TALLY_C_API int32_t TALLY_CALL tally_client_poll(tally_client* client, int64_t budget_us,
                                                 tally_poll_result* result, tally_error* error);
/// As poll, but waits up to `timeout_ms` for an event or for `tally_client_wakeup`.
TALLY_C_API int32_t TALLY_CALL tally_client_wait(tally_client* client, int64_t timeout_ms,
                                                 tally_poll_result* result, tally_error* error);
/// From any thread.
TALLY_C_API int32_t TALLY_CALL tally_client_wakeup(tally_client* client, tally_error* error);
/// What the host's loop saw of a socket: TALLY_READ, TALLY_WRITE; 0: an error, or it does not know.
TALLY_C_API int32_t TALLY_CALL tally_client_drive_socket(tally_client* client, int64_t socket,
                                                         int32_t ready, tally_poll_result* result,
                                                         tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_client_drive_timer(tally_client* client,
                                                        tally_poll_result* result,
                                                        tally_error* error);
/// 1: here is the next event. 0: there is none now.
TALLY_C_API int32_t TALLY_CALL tally_client_next_event(tally_client* client, tally_event* event,
                                                       tally_error* error);

/// Ends a started call; its completion (TALLY_E_CANCELLED) is the only event still to come. Else
/// TALLY_E_STALE; TALLY_OK also where it has ended and its completion was not pulled yet. From any
/// thread.
TALLY_C_API int32_t TALLY_CALL tally_client_cancel(tally_client* client, tally_call_id call,
                                                   tally_error* error);
/// Ends all started calls of that group; how many there were. From any thread.
TALLY_C_API int32_t TALLY_CALL tally_client_cancel_group(tally_client* client, uint64_t group,
                                                         tally_error* error);
/// Ends everything, and returns by the deadline. From any thread; a second call does nothing.
TALLY_C_API int32_t TALLY_CALL tally_client_shutdown(tally_client* client, int64_t deadline_ms,
                                                     tally_error* error);

TALLY_C_API int32_t TALLY_CALL tally_client_suspend(tally_client* client, tally_error* error);
enum { TALLY_RESUME_GO_ON = 0, TALLY_RESUME_RECONNECT = 1 };
TALLY_C_API int32_t TALLY_CALL tally_client_resume(tally_client* client, int32_t what,
                                                   tally_error* error);

/// Bits of `tally_snapshot::has`.
enum { TALLY_HAS_BUDGET = 1, TALLY_HAS_LAST_ERROR = 2, TALLY_HAS_CACHE_HIT_PERMILLE = 4 };
/// Where a client stands, for an overlay.
typedef struct tally_snapshot {
  uint32_t struct_size;
  uint32_t has;
  tally_money spent;
  tally_money estimated;      ///< The part of `spent` that is estimates.
  int64_t unpriced_attempts;  ///< Their amounts are not known: print ">=" if not 0.
  tally_money budget_limit;   ///< The budget with the least left; so below.
  tally_amount budget_spent;
  tally_amount budget_left;
  int64_t calls_begun;
  int64_t calls_ended;
  int64_t in_flight;
  int64_t prompt_tokens;
  int64_t cache_hit_tokens;
  int64_t output_tokens;
  int64_t tokens_per_second;
  int32_t cache_hit_permille;
  int32_t last_error;  ///< TALLY_E_*
} tally_snapshot;
/// Allocates nothing. From any thread.
TALLY_C_API int32_t TALLY_CALL tally_client_snapshot(tally_client* client, tally_snapshot* out,
                                                     tally_error* error);

/// Connects ahead, for a loading screen: waits up to `timeout_ms`.
TALLY_C_API int32_t TALLY_CALL tally_client_warm_up(tally_client* client, int64_t timeout_ms,
                                                    tally_error* error);

typedef struct tally_served_model {
  uint32_t struct_size;
  int32_t reserved;
  tally_text id;
  tally_text owned_by;
  tally_text raw;  ///< The server's JSON.
} tally_served_model;
/// What the server says it serves: a list of `tally_served_model`.
TALLY_C_API int32_t TALLY_CALL tally_client_models(tally_client* client, int64_t timeout_ms,
                                                   tally_list** out, tally_error* error);

enum { TALLY_HAS_GRANTED = 1, TALLY_HAS_TOPPED_UP = 2 };
/// What is left on the account in one currency. All rows of a list are of one answer.
typedef struct tally_balance_amount {
  uint32_t struct_size;
  uint32_t has;
  tally_money total;
  tally_amount granted;
  tally_amount topped_up;
  int32_t is_available;  ///< Enough for calls, the provider says of the account.
  int32_t reserved;
  tally_text raw;                   ///< The server's JSON, whole.
  const tally_error* ledger_error;  ///< What the client's ledger answered; NULL: nothing amiss.
} tally_balance_amount;
/// A list of `tally_balance_amount`, one for each currency.
TALLY_C_API int32_t TALLY_CALL tally_client_balance(tally_client* client, int64_t timeout_ms,
                                                    tally_list** out, tally_error* error);

enum { TALLY_HAS_COLD_CACHE = 1, TALLY_HAS_WARM_CACHE = 2, TALLY_HAS_WORST_CASE = 4 };
typedef struct tally_estimate {
  uint32_t struct_size;
  uint32_t has;
  int64_t prompt_low;
  int64_t prompt_likely;
  int64_t prompt_high;
  int64_t most_output;
  int32_t output_is_assumed;
  int32_t reserved;
  tally_money cold_cache;
  tally_money warm_cache;
  tally_money worst_case;    ///< What a budget holds.
  const tally_price* price;  ///< NULL: `unknown` says why.
  tally_text unknown;
  tally_text text;
} tally_estimate;
/// What a request would take and cost, sent now: a list of one `tally_estimate`. Sends nothing.
TALLY_C_API int32_t TALLY_CALL tally_client_estimate(tally_client* client,
                                                     const tally_chat_request* request,
                                                     const tally_call_options* options,
                                                     tally_list** out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_client_fim_estimate(tally_client* client,
                                                         const tally_fim_request* request,
                                                         const tally_call_options* options,
                                                         tally_list** out, tally_error* error);

typedef struct tally_advice {
  uint32_t struct_size;
  int32_t reserved;
  tally_text field;
  tally_text message;
} tally_advice;
/// What the server ignores or refuses in it: a list of `tally_advice`. Sends nothing.
TALLY_C_API int32_t TALLY_CALL tally_client_advise(tally_client* client,
                                                   const tally_chat_request* request,
                                                   tally_list** out, tally_error* error);

/// The prices that the client bills with.
TALLY_C_API int32_t TALLY_CALL tally_client_prices(tally_client* client, tally_price_catalog** out,
                                                   tally_error* error);

typedef struct tally_provider_preset {
  uint32_t struct_size;
  int32_t key_header;  ///< TALLY_KEY_HEADER_*
  tally_text id;
  tally_text name;
  tally_text base_url;
  tally_text key_variable;
  tally_text quirks;
} tally_provider_preset;
/// A list of `tally_provider_preset`, sorted by id.
TALLY_C_API int32_t TALLY_CALL tally_provider_presets(tally_list** out, tally_error* error);

// ---- A conversation: the messages of a dialogue within bounds, and what they have cost

/// `most_turns`, `most_tokens`: 0 is no bound. The system prompt always stays; it may be empty.
TALLY_C_API int32_t TALLY_CALL tally_conversation_create(const char* system_prompt, uint64_t size,
                                                         uint64_t most_turns, int64_t most_tokens,
                                                         tally_conversation** out,
                                                         tally_error* error);
TALLY_C_API void TALLY_CALL tally_conversation_destroy(tally_conversation* conversation);
TALLY_C_API int32_t TALLY_CALL tally_conversation_push_message(tally_conversation* conversation,
                                                               const tally_message* message,
                                                               tally_error* error);
/// The answer, if there is one, and the bill in any case.
TALLY_C_API int32_t TALLY_CALL tally_conversation_push_completion(
    tally_conversation* conversation, const tally_completion* completion, tally_error* error);
/// Puts its messages in the place of the request's.
TALLY_C_API int32_t TALLY_CALL tally_conversation_request(const tally_conversation* conversation,
                                                          tally_chat_request* request,
                                                          tally_error* error);
typedef struct tally_conversation_state {
  uint32_t struct_size;
  uint32_t has;       ///< TALLY_HAS_TOTAL
  tally_money total;  ///< Over all bills; so below.
  int32_t is_estimate;
  int32_t is_lower_bound;
  int64_t estimated_tokens;  ///< ~ What the messages take.
  uint64_t messages;
  uint64_t turns_left_out;
  uint64_t calls;
} tally_conversation_state;
TALLY_C_API int32_t TALLY_CALL tally_conversation_get_state(const tally_conversation* conversation,
                                                            tally_conversation_state* out,
                                                            tally_error* error);

// ---- Prices

/// What ships with this version.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_builtin(tally_price_catalog** out,
                                                           tally_error* error);
/// No prices at all.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_none(tally_price_catalog** out,
                                                        tally_error* error);
/// `name`: what errors call it; may be empty.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_parse(const char* json, uint64_t size,
                                                         const char* name, uint64_t name_size,
                                                         tally_price_catalog** out,
                                                         tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_load(const char* path, uint64_t size,
                                                        tally_price_catalog** out,
                                                        tally_error* error);
/// `catalog` with that text laid over it.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_overlaid(const tally_price_catalog* catalog,
                                                            const char* json, uint64_t size,
                                                            const char* name, uint64_t name_size,
                                                            tally_price_catalog** out,
                                                            tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_over(const tally_price_catalog* catalog,
                                                        const tally_price_catalog* below,
                                                        tally_price_catalog** out,
                                                        tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_version(const tally_price_catalog* catalog,
                                                           tally_string** out, tally_error* error);
TALLY_C_API void TALLY_CALL tally_price_catalog_destroy(tally_price_catalog* catalog);

typedef struct tally_price_query {
  uint32_t struct_size;
  int32_t has_prompt_tokens;
  tally_text provider;  ///< `deepseek`
  tally_text model;
  tally_text reported_model;
  int64_t at_us;  ///< The billing instant; 0: now.
  tally_text currency;
  tally_text host;
  tally_text service_tier;
  int64_t prompt_tokens;  ///< For context tiers.
} tally_price_query;
TALLY_C_API int32_t TALLY_CALL tally_price_query_init(tally_price_query* query, uint32_t size);

/// The price in force: a list of one `tally_price`. TALLY_E_UNPRICED says why there is none.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_price_at(const tally_price_catalog* catalog,
                                                            const tally_price_query* query,
                                                            tally_list** out, tally_error* error);
/// 1: it changes next at `out_us`. 0: no change is known.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_next_change(const tally_price_catalog* catalog,
                                                               const tally_price_query* query,
                                                               int64_t* out_us, tally_error* error);
typedef struct tally_listed_model {
  uint32_t struct_size;
  int32_t has_next_change;
  tally_text provider;
  tally_text name;   ///< As one requests it.
  tally_text model;  ///< The card behind the name.
  int64_t next_change_us;
  const tally_price* price;  ///< NULL: none in force.
} tally_listed_model;
/// Every name that can be requested at that instant (0: now): a list of `tally_listed_model`.
TALLY_C_API int32_t TALLY_CALL tally_price_catalog_models(const tally_price_catalog* catalog,
                                                          int64_t at_us, const char* currency,
                                                          uint64_t currency_size, tally_list** out,
                                                          tally_error* error);

/// What those counts (as a server reports them: up to `total_tokens`) cost at that price: a list of
/// one `tally_cost`, without a total where there is no price.
TALLY_C_API int32_t TALLY_CALL tally_cost_of(const tally_usage* usage,
                                             const tally_price_catalog* catalog,
                                             const tally_price_query* query, tally_list** out,
                                             tally_error* error);

enum {
  TALLY_LIST_LITELLM = 0,
  TALLY_LIST_GENAI_PRICES = 1,
  TALLY_LIST_MODELS_DEV = 2,
  TALLY_LIST_LLM_PRICES = 3
};
typedef struct tally_import_options {
  uint32_t struct_size;
  int32_t allow_large_changes;
  tally_text source_name;
  tally_text source_url;
  tally_text verified_at;
  int64_t imported_at_us;                ///< 0: now.
  const tally_text* excluded_providers;  ///< With none: `deepseek`.
  uint64_t excluded_providers_count;
  const tally_price_catalog* in_use;  ///< May be NULL.
} tally_import_options;
TALLY_C_API int32_t TALLY_CALL tally_import_options_init(tally_import_options* options,
                                                         uint32_t size);
typedef struct tally_refused_price {
  uint32_t struct_size;
  int32_t reason;       ///< For TALLY_ENUM_IMPORT_REFUSAL.
  int32_t is_left_out;  ///< 1: only a part of a model, which was taken.
  int32_t reserved;
  tally_text name;
  tally_text detail;
} tally_refused_price;
/// Reads a public price list: `json` is the same as a catalogue's text, `refused` a list of
/// `tally_refused_price`; both may be NULL, and so may `options`.
TALLY_C_API int32_t TALLY_CALL tally_import_prices(int32_t list, const char* text, uint64_t size,
                                                   const tally_import_options* options,
                                                   tally_price_catalog** out, tally_string** json,
                                                   tally_list** refused, tally_error* error);

enum { TALLY_HAS_BEFORE = 1, TALLY_HAS_AFTER = 2 };
typedef struct tally_price_change {
  uint32_t struct_size;
  uint32_t has;
  int32_t bucket;
  int32_t is_large;
  tally_text provider;
  tally_text model;
  tally_money before;  ///< Per token.
  tally_money after;
  tally_text text;
} tally_price_change;
/// What the one prices differently from the other at an instant (0: now): a list of
/// `tally_price_change`.
TALLY_C_API int32_t TALLY_CALL tally_difference(const tally_price_catalog* before,
                                                const tally_price_catalog* after, int64_t at_us,
                                                tally_list** out, tally_error* error);

// ---- A ledger

enum { TALLY_DURABILITY_DURABLE = 0, TALLY_DURABILITY_BATCHED = 1 };
enum { TALLY_ON_FAILURE_REFUSE = 0, TALLY_ON_FAILURE_GO_ON = 1 };
typedef struct tally_ledger_options {
  uint32_t struct_size;
  int32_t durability;
  int32_t on_failure;
  int32_t reserved;
  int64_t lock_timeout_ms;
} tally_ledger_options;
TALLY_C_API int32_t TALLY_CALL tally_ledger_options_init(tally_ledger_options* options,
                                                         uint32_t size);

/// The SQLite file at `path`; `options` may be NULL. A file needs a thread that may wait for it:
/// blocking calls, `tally_client_wait`, or `tally_ledger_run_writer`; or it is `batched`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_open(const char* path, uint64_t size,
                                                 const tally_ledger_options* options,
                                                 tally_ledger** out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_in_memory(tally_ledger** out, tally_error* error);
TALLY_C_API void TALLY_CALL tally_ledger_destroy(tally_ledger* ledger);

enum {
  TALLY_WINDOW_CALL = 0,
  TALLY_WINDOW_HOUR = 1,
  TALLY_WINDOW_DAY = 2,
  TALLY_WINDOW_WEEK = 3,
  TALLY_WINDOW_MONTH = 4,
  TALLY_WINDOW_TOTAL = 5
};
enum { TALLY_ON_EXCEED_REFUSE = 0, TALLY_ON_EXCEED_WARN = 1 };
enum { TALLY_ON_UNPRICED_REFUSE = 0, TALLY_ON_UNPRICED_ALLOW = 1, TALLY_ON_UNPRICED_ASSUME = 2 };

typedef struct tally_budget {
  uint32_t struct_size;
  int32_t window;  ///< TALLY_WINDOW_*; TALLY_WINDOW_TOTAL.
  tally_text id;
  tally_money limit;
  tally_text zone;  ///< `UTC`, `+08:00`, a POSIX rule, or `tzif:` and a file's bytes in hex.
  const tally_pair* scope;  ///< Each has to be among a call's labels; none: every call.
  uint64_t scope_count;
  int32_t soft_permille;
  int32_t on_exceed;
  int32_t on_unpriced;
  int32_t most_in_flight;
  int32_t requests_per_minute;
  int32_t reserved;
  tally_amount assume_input;   ///< Per million tokens.
  tally_amount assume_output;  ///< Per million tokens.
  int64_t assume_max_tokens;
} tally_budget;
TALLY_C_API int32_t TALLY_CALL tally_budget_init(tally_budget* budget, uint32_t size);

TALLY_C_API int32_t TALLY_CALL tally_ledger_set_budget(const tally_ledger* ledger,
                                                       const tally_budget* budget,
                                                       tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_remove_budget(const tally_ledger* ledger,
                                                          const char* id, uint64_t size,
                                                          tally_error* error);
/// A list of `tally_budget`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_budgets(const tally_ledger* ledger, tally_list** out,
                                                    tally_error* error);
/// The window around `at_us` (0: now): a list of one `tally_budget_status`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_budget_status(const tally_ledger* ledger,
                                                          const char* id, uint64_t size,
                                                          int64_t at_us, tally_list** out,
                                                          tally_error* error);

enum { TALLY_HAS_FROM = 1, TALLY_HAS_TO = 2, TALLY_HAS_STATE = 4 };
/// Which rows a question is about; wherever one is taken NULL means all.
typedef struct tally_ledger_filter {
  uint32_t struct_size;
  uint32_t has;
  int64_t from_us;  ///< Inclusive.
  int64_t to_us;    ///< Exclusive.
  tally_text provider;
  tally_text model;
  tally_text call_id;
  const tally_pair* labels;
  uint64_t labels_count;
  int32_t state;
  int32_t reserved;
} tally_ledger_filter;
TALLY_C_API int32_t TALLY_CALL tally_ledger_filter_init(tally_ledger_filter* filter, uint32_t size);

/// Bits of `tally_ledger_row::has`.
enum {
  TALLY_HAS_COMPLETED = 1,
  TALLY_HAS_BILLED_AT = 2,
  TALLY_HAS_FIRST_BYTE_AFTER = 4,
  TALLY_HAS_HOLD = 8,
  TALLY_HAS_CONTEXT_TIER = 16
};
/// One attempt as the ledger keeps it.
typedef struct tally_ledger_row {
  uint32_t struct_size;
  uint32_t has;
  tally_text attempt_id;
  tally_text call_id;
  int32_t attempt_number;
  int32_t revision;
  int32_t state;  ///< TALLY_STATE_*
  int32_t http_status;
  tally_text reason;
  tally_text provider;
  tally_text host;
  tally_text model_requested;
  tally_text model_reported;
  tally_text service_tier_requested;
  tally_text finish_reason;
  tally_text error;
  tally_text request_id;
  tally_text response_id;
  int64_t started_us;
  int64_t completed_us;
  int64_t billed_at_us;
  int64_t first_byte_after_us;
  tally_money hold;
  int32_t streamed;
  int32_t reserved;
  const tally_pair* labels;
  uint64_t labels_count;
  const tally_usage* usage;  ///< Never NULL; so `cost`.
  const tally_cost* cost;
  tally_text price_entry_id;  ///< The price that it was billed with; empty: none.
  tally_text price_sha256;
  tally_text price_catalog_version;
  tally_text price_model;
  tally_text price_band;
  tally_text price_service_tier;
  int64_t price_context_tier;
} tally_ledger_row;

/// A list of `tally_ledger_row`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_rows(const tally_ledger* ledger,
                                                 const tally_ledger_filter* filter,
                                                 tally_list** out, tally_error* error);
/// Not 0: go on. The row lives until it returns.
typedef int32_t(TALLY_CALL* tally_row_fn)(void* user, const tally_ledger_row* row);
/// One by one, for more rows than should be held at once.
TALLY_C_API int32_t TALLY_CALL tally_ledger_each_row(const tally_ledger* ledger,
                                                     const tally_ledger_filter* filter,
                                                     tally_row_fn keep, void* user,
                                                     tally_error* error);

typedef struct tally_ledger_grouping {
  uint32_t struct_size;
  int32_t by_provider;
  int32_t by_model;
  int32_t by_state;
  int32_t by_day;
  int32_t reserved;
  tally_text by_label;  ///< A label's key.
  tally_text zone;      ///< Of `by_day`; as a budget's.
} tally_ledger_grouping;
TALLY_C_API int32_t TALLY_CALL tally_ledger_grouping_init(tally_ledger_grouping* grouping,
                                                          uint32_t size);

/// A sum over rows of one currency.
typedef struct tally_ledger_total {
  uint32_t struct_size;
  int32_t state;  ///< -1 where not grouped by it.
  tally_text provider;
  tally_text model;
  tally_text day;
  tally_text label;
  char currency[8];  ///< Empty: rows of which no amount is known.
  int64_t calls;
  int64_t attempts;
  int64_t cache_hit_tokens;
  int64_t cache_miss_tokens;
  int64_t cache_write_tokens;
  int64_t output_tokens;
  tally_amount total;  ///< settled + estimated + partial.
  tally_amount settled;
  tally_amount estimated;
  tally_amount partial;
  tally_amount reported_difference;
  int64_t unpriced_attempts;
  int64_t reserved_attempts;
} tally_ledger_total;
/// A list of `tally_ledger_total`; `grouping` may be NULL.
TALLY_C_API int32_t TALLY_CALL tally_ledger_totals(const tally_ledger* ledger,
                                                   const tally_ledger_filter* filter,
                                                   const tally_ledger_grouping* grouping,
                                                   tally_list** out, tally_error* error);

typedef struct tally_ledger_history {
  uint32_t struct_size;
  int32_t revision;
  tally_text attempt_id;
  tally_text reason;
  int64_t replaced_us;
  int32_t state;
  int32_t has_cost;
  tally_money cost;
} tally_ledger_history;
/// A list of `tally_ledger_history`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_get_history(const tally_ledger* ledger,
                                                        const char* attempt_id, uint64_t size,
                                                        tally_list** out, tally_error* error);

enum { TALLY_EXPORT_CSV = 0, TALLY_EXPORT_JSON_LINES = 1 };
TALLY_C_API int32_t TALLY_CALL tally_ledger_export_rows(const tally_ledger* ledger, int32_t format,
                                                        const tally_ledger_filter* filter,
                                                        tally_string** out, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_prometheus(const tally_ledger* ledger,
                                                       const tally_ledger_filter* filter,
                                                       tally_string** out, tally_error* error);

typedef struct tally_budget_drift {
  uint32_t struct_size;
  int32_t reserved;
  const tally_budget_status* stored;
  tally_amount spent;  ///< As the rows say; so below.
  tally_amount held;
} tally_budget_drift;
/// Windows whose counters are not what their rows add up to: a list of `tally_budget_drift`.
/// `repair` 1 sets them right.
TALLY_C_API int32_t TALLY_CALL tally_ledger_verify_budgets(const tally_ledger* ledger,
                                                           int32_t repair, tally_list** out,
                                                           tally_error* error);

typedef struct tally_recompute_report {
  uint32_t struct_size;
  int32_t reserved;
  int64_t rows;
  int64_t changed;
  const tally_text* failed;  ///< Attempts that keep the bill they had.
  uint64_t failed_count;
} tally_recompute_report;
/// Bills rows anew: a list of one `tally_recompute_report`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_recompute(const tally_ledger* ledger,
                                                      const tally_price_catalog* catalog,
                                                      const tally_ledger_filter* filter,
                                                      tally_list** out, tally_error* error);
/// `count` may be NULL; so below.
TALLY_C_API int32_t TALLY_CALL tally_ledger_recover(const tally_ledger* ledger, int64_t* count,
                                                    tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_prune(const tally_ledger* ledger, int64_t before_us,
                                                  int64_t* count, tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_erase(const tally_ledger* ledger, const char* key,
                                                  uint64_t key_size, const char* value,
                                                  uint64_t value_size, int64_t* count,
                                                  tally_error* error);

/// A balance as it was read.
typedef struct tally_balance_check {
  uint32_t struct_size;
  int32_t reserved;
  tally_text provider;
  tally_text account;       ///< The user's own name for it; may be empty.
  int64_t at_us;            ///< 0: now.
  tally_text balance_json;  ///< The answer of `GET /user/balance`.
} tally_balance_check;
TALLY_C_API int32_t TALLY_CALL tally_balance_check_init(tally_balance_check* check, uint32_t size);
TALLY_C_API int32_t TALLY_CALL tally_ledger_record_balance(const tally_ledger* ledger,
                                                           const tally_balance_check* check,
                                                           tally_error* error);

typedef struct tally_reconciled_stretch {
  uint32_t struct_size;
  int32_t is_top_up;
  int64_t begin_us;
  int64_t end_us;
  tally_money drop;
  tally_money spent;
  tally_money difference;
  tally_money tolerance;
  int32_t agrees;
  int32_t reserved;
} tally_reconciled_stretch;
typedef struct tally_reconciliation {
  uint32_t struct_size;
  int32_t agrees;
  tally_money drop;
  tally_money spent;
  tally_money difference;
  int64_t unpriced_attempts;
  const tally_reconciled_stretch* const* stretches;
  uint64_t stretches_count;
} tally_reconciliation;
/// What the ledger has against what the balance lost: a list of one `tally_reconciliation`.
TALLY_C_API int32_t TALLY_CALL tally_ledger_reconcile(const tally_ledger* ledger,
                                                      const char* provider, uint64_t provider_size,
                                                      const char* currency, uint64_t currency_size,
                                                      int64_t begin_us, int64_t end_us,
                                                      const char* account, uint64_t account_size,
                                                      tally_list** out, tally_error* error);

/// Writes on this thread until `tally_ledger_stop_writer`, which may come from any thread.
TALLY_C_API int32_t TALLY_CALL tally_ledger_run_writer(const tally_ledger* ledger,
                                                       tally_error* error);
TALLY_C_API int32_t TALLY_CALL tally_ledger_stop_writer(const tally_ledger* ledger,
                                                        tally_error* error);
/// Waits until everything handed in before is stored.
TALLY_C_API int32_t TALLY_CALL tally_ledger_flush(const tally_ledger* ledger, int64_t timeout_ms,
                                                  tally_error* error);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
