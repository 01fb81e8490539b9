# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""No notes of unfinished work in the sources: docs/caveats.md or an issue is the place."""

import re

from checks import C_SUFFIXES, text_of, tracked_files

NAME = "words of unfinished work"

WORDS = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|WIP)\b|\b(for now|placeholder|work in progress|not yet done)\b"
)
SUFFIXES = C_SUFFIXES | {".py", ".lds", ".build", ".svc", ".sh"}
SELF = "tools/checks/words.py"


def check():
    return [
        f"{path}:{number}: '{found.group()}'"
        for path in tracked_files()
        if path.suffix in SUFFIXES and str(path) != SELF
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (found := WORDS.search(line))
    ]
