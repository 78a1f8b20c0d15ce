// SPDX-License-Identifier: MIT
#ifndef TALLY_EXPORT_H
#define TALLY_EXPORT_H

// TALLY_API marks what a shared tally exports. TALLY_SHARED is defined for users of a shared build,
// TALLY_BUILDING only while tally itself is compiled.
#if defined(_WIN32) && defined(TALLY_SHARED)
#if defined(TALLY_BUILDING)
#define TALLY_API __declspec(dllexport)
#else
#define TALLY_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define TALLY_API __attribute__((visibility("default")))
#else
#define TALLY_API
#endif

#endif
