// SPDX-License-Identifier: MIT

// tally from Rust, without a crate: streams an answer and shows what it cost, cancels a second call
// and shows what that cost, shuts down. The key comes from DEEPSEEK_API_KEY.
//
//   rustc chat.rs -L <folder of libtally_c.so> -l tally_c

use std::ffi::CStr;
use std::io::Write;
use std::os::raw::{c_char, c_void};
use std::ptr;

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    data: *const u8,
    size: u64,
}

impl Text {
    fn of(text: &str) -> Text {
        Text { data: text.as_ptr(), size: text.len() as u64 }
    }

    /// Lives as long as what it was asked of: see the header.
    unsafe fn to_str(&self) -> &str {
        if self.size == 0 {
            return "";
        }
        let bytes = std::slice::from_raw_parts(self.data, self.size as usize);
        std::str::from_utf8(bytes).expect("tally gives UTF-8")
    }
}

#[repr(C)]
struct Error {
    struct_size: u32,
    code: i32,
    http_status: i32,
    retry_may_help: i32,
    charge_possible: i32,
    clock: i32,
    message: [c_char; 1024],
    provider_code: [c_char; 128],
    request_id: [c_char; 128],
}

impl Error {
    fn words(&self) -> std::borrow::Cow<'_, str> {
        unsafe { CStr::from_ptr(self.message.as_ptr()) }.to_string_lossy()
    }
}

// The first fields. A larger struct than the library knows is accepted, so the rest is only room.
#[repr(C)]
struct ClientOptions {
    struct_size: u32,
    from_environment: i32,
    rest: [u64; 128],
}

#[repr(C)]
struct ChatParameters {
    struct_size: u32,
    has: u32,
    model: Text,
    rest: [u64; 128],
}

#[repr(C)]
struct Event {
    struct_size: u32,
    kind: i32,
    call: u64,
    text: Text,
    choice: i32,
    tool_index: i32,
    tool_id: Text,
    tool_name: Text,
    completion: *mut c_void,
}

// The first fields of one that the library owns.
#[repr(C)]
struct Receipt {
    struct_size: u32,
    state: i32,
    call_id: Text,
    provider: Text,
    model: Text,
    text: Text,
}

const EVENT_TEXT: i32 = 1;
const EVENT_COMPLETION: i32 = 5;
const ROLE_USER: i32 = 1;

extern "C" {
    fn tally_client_options_init(options: *mut ClientOptions, size: u32) -> i32;
    fn tally_client_open(
        options: *const ClientOptions, out: *mut *mut c_void, error: *mut Error,
    ) -> i32;
    fn tally_chat_parameters_init(parameters: *mut ChatParameters, size: u32) -> i32;
    fn tally_chat_request_create(out: *mut *mut c_void, error: *mut Error) -> i32;
    fn tally_chat_request_set(
        request: *mut c_void, parameters: *const ChatParameters, error: *mut Error,
    ) -> i32;
    fn tally_chat_request_push_text(
        request: *mut c_void, role: i32, text: *const u8, size: u64, error: *mut Error,
    ) -> i32;
    fn tally_chat_request_destroy(request: *mut c_void);
    fn tally_client_chat_start(
        client: *mut c_void, request: *const c_void, options: *const c_void, out: *mut u64,
        error: *mut Error,
    ) -> i32;
    fn tally_client_wait(
        client: *mut c_void, timeout_ms: i64, result: *mut c_void, error: *mut Error,
    ) -> i32;
    fn tally_client_next_event(client: *mut c_void, event: *mut Event, error: *mut Error) -> i32;
    fn tally_client_cancel(client: *mut c_void, call: u64, error: *mut Error) -> i32;
    fn tally_client_shutdown(client: *mut c_void, deadline_ms: i64, error: *mut Error) -> i32;
    fn tally_client_destroy(client: *mut c_void);
    fn tally_completion_error(completion: *const c_void) -> *const Error;
    fn tally_completion_receipt(completion: *const c_void) -> *const Receipt;
    fn tally_completion_destroy(completion: *mut c_void);
}

/// Calls with an error to fill, and gives that in words.
fn must(call: impl FnOnce(*mut Error) -> i32) -> i32 {
    let mut error: Error = unsafe { std::mem::zeroed() };
    error.struct_size = std::mem::size_of::<Error>() as u32;
    let code = call(&mut error);
    if code < 0 {
        eprintln!("{}", error.words());
        std::process::exit(1);
    }
    code
}

/// Prints what comes of the call until its end; with `cancels`, ends it after the first piece.
unsafe fn follow(client: *mut c_void, call: u64, cancels: bool) {
    let mut event: Event = std::mem::zeroed();
    event.struct_size = std::mem::size_of::<Event>() as u32;
    loop {
        // A game polls once a frame instead.
        must(|error| tally_client_wait(client, 1000, ptr::null_mut(), error));
        while must(|error| tally_client_next_event(client, &mut event, error)) == 1 {
            if event.kind == EVENT_TEXT {
                print!("{}", event.text.to_str());
                std::io::stdout().flush().unwrap();
                if cancels {
                    must(|error| tally_client_cancel(client, call, error));
                }
            }
            if event.kind != EVENT_COMPLETION {
                continue;
            }
            println!();
            let failure = tally_completion_error(event.completion);
            if !failure.is_null() {
                println!("{}", (*failure).words());
            }
            // There is a receipt in any case.
            let receipt = &*tally_completion_receipt(event.completion);
            println!("{}", receipt.text.to_str());
            tally_completion_destroy(event.completion);
            return;
        }
    }
}

fn main() {
    unsafe {
        let mut options: ClientOptions = std::mem::zeroed();
        let size = std::mem::size_of::<ClientOptions>() as u32;
        must(|_| tally_client_options_init(&mut options, size));
        options.from_environment = 1;
        let mut client = ptr::null_mut();
        must(|error| tally_client_open(&options, &mut client, error));

        let mut parameters: ChatParameters = std::mem::zeroed();
        let size = std::mem::size_of::<ChatParameters>() as u32;
        must(|_| tally_chat_parameters_init(&mut parameters, size));
        parameters.model = Text::of("deepseek-flash");
        let mut request = ptr::null_mut();
        must(|error| tally_chat_request_create(&mut request, error));
        must(|error| tally_chat_request_set(request, &parameters, error));
        let question = Text::of("Name three rivers.");
        must(|error| {
            tally_chat_request_push_text(request, ROLE_USER, question.data, question.size, error)
        });

        for cancels in [false, true] {
            let mut call = 0;
            must(|error| tally_client_chat_start(client, request, ptr::null(), &mut call, error));
            follow(client, call, cancels);
        }

        must(|error| tally_client_shutdown(client, 100, error));
        tally_chat_request_destroy(request);
        tally_client_destroy(client);
    }
}
