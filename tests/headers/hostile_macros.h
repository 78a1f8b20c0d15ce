// SPDX-License-Identifier: MIT
#pragma once

// Names that hosts turn into macros, each as its owner defines it. tally's headers must survive
// them.

// X11
#define Status int
#define Bool int
#define True 1
#define False 0
#define None 0L
#define Always 2
#define Success 0
#define Complex 0
#define CurrentTime 0L
#define Unsorted 0
#define Above 0
#define Below 1
#define KeyPress 2
#define FocusIn 9
#define Expose 12

// Windows
#define ERROR 0
#define DOMAIN 1
#define OVERFLOW 3
#define STRICT 1
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define DELETE (0x00010000L)
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define NO_ERROR 0L
#define ABSOLUTE 1
#define RELATIVE 2
#define OPAQUE 2
#define TRANSPARENT 1
#define TEXT(quote) L##quote
#define SUCCEEDED(hr) (((long)(hr)) >= 0)
#define FAILED(hr) (((long)(hr)) < 0)
#define interface struct
#define small char
#define hyper __int64
#define near
#define far
#define pascal
#define cdecl
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define GetMessage GetMessageA
#define SendMessage SendMessageA
#define GetCurrentTime() GetTickCount()
#define Yield()

// Unreal Engine
#define check(expression) hostile_macro_check
#define checkf(expression, format, ...) hostile_macro_checkf
#define verify(expression) hostile_macro_verify
#define ensure(expression) hostile_macro_ensure
#define PI (3.1415926535897932f)
#define UPROPERTY(...)

// Qt
#define emit
#define signals public
#define slots
#define foreach hostile_macro_foreach
#define forever for (;;)

// macOS, Objective-C
#define require(assertion, label) hostile_macro_require
#define nil nullptr
#define YES 1
#define NO 0

// glibc and old compilers
#define major(device) hostile_macro_major
#define minor(device) hostile_macro_minor
#define makedev(major_, minor_) hostile_macro_makedev
#undef unix
#undef linux
#define unix 1
#define linux 1
#define sun 1
#define i386 1
