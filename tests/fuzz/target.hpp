// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// What every file of this folder that is named in CMakeLists.txt defines: one run over one input.
/// libFuzzer calls it with inputs that it invents, replay.cpp with files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
