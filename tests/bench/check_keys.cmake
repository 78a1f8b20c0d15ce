# SPDX-License-Identifier: MIT
# cmake -DBENCH=<tally_bench> -DJSON=<file to write> -P check_keys.cmake
#
# Every figure that others read from the JSON of tests/bench/run.sh is there, and a number.

cmake_minimum_required(VERSION 3.20)

set(keys
  stream_cpu_vs_simdjson
  stream_cpu_dom_over_tally
  decode_vs_simdjson
  decode_allocs_per_chunk
  decode_reasoning_vs_simdjson
  decode_arguments_vs_simdjson
  decode_openai_vs_simdjson
  decode_openrouter_vs_simdjson
  decode_groq_vs_simdjson
  small_calls_vs_raw_dom
  small_calls_connections
  small_calls_tls_vs_raw_dom
  small_calls_tls_connections
  tls_sessions_resumed
  latency_p50_vs_simdjson
  latency_p99_vs_simdjson
  streams_1000_cpu_vs_epoll_dom
  streams_1000_rss_vs_epoll_dom
  streams_10000_cpu_per_chunk_vs_1000
  streams_10000_unhurried_cpu_per_chunk_vs_1000
  streams_10000_memory_per_stream_vs_1000
  growth_cpu_per_chunk
  growth_bytes_per_byte_of_text
  growth_cpu_per_reply_byte
  growth_bytes_per_byte_of_reply
  growth_cpu_per_message
  cost_of_usage_ns
  cost_of_usage_3000_vs_builtin
  catalog_load_vs_dom
  include_cost_vs_std
  open_vs_curl_init)

execute_process(COMMAND ${BENCH} --quick --json ${JSON} stream decode calls latency streams most_streams
    growth money include open
  RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "${output}")
endif()
file(READ ${JSON} text)
foreach(key IN LISTS keys)
  string(JSON type ERROR_VARIABLE error TYPE "${text}" ${key})
  if(NOT type STREQUAL "NUMBER")
    message(SEND_ERROR "${key}: ${type} ${error}")
  endif()
endforeach()
string(JSON resumed ERROR_VARIABLE error GET "${text}" tls_sessions_resumed)
if(NOT resumed EQUAL 1)
  message(SEND_ERROR "of the further TLS connections, a part of ${resumed} resumed the first one's session")
endif()
if(output MATCHES "WRONG")
  message(SEND_ERROR "${output}")
endif()
