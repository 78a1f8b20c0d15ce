# SPDX-License-Identifier: MIT
"""Prints the version that stands in include/tally/version.h, for meson."""
import pathlib
import re

header = pathlib.Path(__file__).parent.parent / "include/tally/version.h"
print(".".join(re.findall(r"^#define TALLY_VERSION_[A-Z]+ (\d+)$", header.read_text(), re.M)))
