-- SPDX-License-Identifier: MIT

-- tally from LuaJIT: the header itself is the binding. Streams an answer and shows what it cost,
-- cancels a second call and shows what that cost, shuts down. The key comes from DEEPSEEK_API_KEY.
--
--   luajit chat.lua <include folder of tally>

local ffi = require("ffi")

-- What the header's conventions tell its readers to leave out.
local function declarations(path)
  local lines = {}
  for line in io.lines(path) do
    local has_macro = line:find("^%s*#") or line:find('extern "C"', 1, true)
    lines[#lines + 1] = has_macro and "" or line:gsub("TALLY_C_API", ""):gsub("TALLY_CALL", "")
  end
  local text = table.concat(lines, "\n")
  -- The brace that closes extern "C" stands alone, after the last declaration.
  return (text:gsub("\n}%s*$", "\n"))
end

ffi.cdef(declarations((arg[1] or "include") .. "/tally/c_api.h"))
local C = ffi.load(os.getenv("TALLY_C_LIBRARY") or "tally_c")

local tally_error = ffi.new("tally_error")
tally_error.struct_size = ffi.sizeof(tally_error)

local function must(code)
  if code < 0 then error(ffi.string(tally_error.message), 0) end
  return code
end

local function string_of(text) return ffi.string(text.data, text.size) end

-- Prints what comes of the call until its end; with `cancels`, ends it after the first piece.
local function follow(client, call, cancels)
  local event = ffi.new("tally_event")
  event.struct_size = ffi.sizeof(event)
  while true do
    -- A game polls once a frame instead: C.tally_client_poll(client, 1000, nil, tally_error).
    must(C.tally_client_wait(client, 1000, nil, tally_error))
    while must(C.tally_client_next_event(client, event, tally_error)) == 1 do
      if event.kind == C.TALLY_EVENT_TEXT then
        io.write(string_of(event.text))
        io.flush()
        if cancels then must(C.tally_client_cancel(client, call, tally_error)) end
      elseif event.kind == C.TALLY_EVENT_COMPLETION then
        print()
        local failure = C.tally_completion_error(event.completion)
        if failure ~= nil then print(ffi.string(failure.message)) end
        -- There is a receipt in any case.
        print(string_of(C.tally_completion_receipt(event.completion).text))
        C.tally_completion_destroy(event.completion)
        return
      end
    end
  end
end

local options = ffi.new("tally_client_options")
must(C.tally_client_options_init(options, ffi.sizeof(options)))
options.from_environment = 1
local client = ffi.new("tally_client*[1]")
must(C.tally_client_open(options, client, tally_error))

local model = "deepseek-flash"  -- Lua keeps it for as long as this name lives.
local parameters = ffi.new("tally_chat_parameters")
must(C.tally_chat_parameters_init(parameters, ffi.sizeof(parameters)))
parameters.model.data = model
parameters.model.size = #model
local request = ffi.new("tally_chat_request*[1]")
must(C.tally_chat_request_create(request, tally_error))
must(C.tally_chat_request_set(request[0], parameters, tally_error))
local question = "Name three rivers."
must(C.tally_chat_request_push_text(request[0], C.TALLY_ROLE_USER, question, #question, tally_error))

for _, cancels in ipairs({false, true}) do
  local call = ffi.new("tally_call_id[1]")
  must(C.tally_client_chat_start(client[0], request[0], nil, call, tally_error))
  follow(client[0], call[0], cancels)
end

must(C.tally_client_shutdown(client[0], 100, tally_error))
C.tally_chat_request_destroy(request[0])
C.tally_client_destroy(client[0])
