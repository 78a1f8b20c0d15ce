# SPDX-License-Identifier: MIT
"""tally from Python, with nothing but ctypes: what chat.py needs of tally/c_api.h."""

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_char, c_int32, c_uint32, c_uint64, c_void_p


class Text(Structure):
    _fields_ = [("data", c_void_p), ("size", c_uint64)]

    @staticmethod
    def of(text):
        """A view of a str. The bytes have to outlive it, so they hang on it."""
        data = text.encode()
        view = Text(ctypes.cast(ctypes.c_char_p(data), c_void_p), len(data))
        view.bytes = data
        return view

    def __str__(self):
        return ctypes.string_at(self.data, self.size).decode() if self.size else ""


class Error(Structure):
    _fields_ = [("struct_size", c_uint32), ("code", c_int32), ("http_status", c_int32),
                ("retry_may_help", c_int32), ("charge_possible", c_int32), ("clock", c_int32),
                ("message", c_char * 1024), ("provider_code", c_char * 128),
                ("request_id", c_char * 128)]


class ClientOptions(Structure):
    """The first fields; the library reads a struct of its own size, so this one is padded to it."""
    _fields_ = [("struct_size", c_uint32), ("from_environment", c_int32), ("rest", c_char * 4096)]


class ChatParameters(Structure):
    _fields_ = [("struct_size", c_uint32), ("has", c_uint32), ("model", Text),
                ("rest", c_char * 4096)]


class Event(Structure):
    _fields_ = [("struct_size", c_uint32), ("kind", c_int32), ("call", c_uint64), ("text", Text),
                ("choice", c_int32), ("tool_index", c_int32), ("tool_id", Text),
                ("tool_name", Text), ("completion", c_void_p)]


class Receipt(Structure):
    _fields_ = [("struct_size", c_uint32), ("state", c_int32), ("call_id", Text),
                ("provider", Text), ("model", Text), ("text", Text)]


EVENT_TEXT = 1
EVENT_COMPLETION = 5
ROLE_USER = 1

library = ctypes.CDLL(os.environ.get("TALLY_C_LIBRARY", "libtally_c.so.0"))
library.tally_completion_error.restype = POINTER(Error)
library.tally_completion_receipt.restype = POINTER(Receipt)


class TallyError(Exception):
    pass


def call(name, *arguments):
    """Calls a function that takes a tally_error last, and raises what it says."""
    error = Error(struct_size=ctypes.sizeof(Error))
    result = getattr(library, name)(*arguments, byref(error))
    if result < 0:
        raise TallyError(error.message.decode())
    return result


def filled(kind):
    """A struct with the library's defaults: `kind` names the type and its `_init`."""
    names = {ClientOptions: "tally_client_options_init", ChatParameters: "tally_chat_parameters_init"}
    struct = kind()
    if getattr(library, names[kind])(byref(struct), c_uint32(ctypes.sizeof(struct))) < 0:
        raise TallyError(names[kind])
    return struct
