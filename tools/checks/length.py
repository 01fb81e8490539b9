# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Functions never pass 120 lines, files 1000, lines 100 columns, and the kernel its budget.

The kernel's budget holds for all processors together and counts source lines of code: lines that
are neither blank nor only comment, the way seL4's size is counted.
"""

import re

from checks import c_files, text_of, tracked_files

NAME = "lengths of functions, files, lines and the kernel"

FUNCTION_LINES = 120
FILE_LINES = 1000
COLUMNS = 100
KERNEL_LINES = 15000
SUFFIXES = {".c", ".h", ".S", ".py"}

# A comment, or a string or character that may look as if it held one.
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)


def code_lines(text):
    """How many lines hold more than white space and comments."""

    def without_comment(found):
        return " " if found.group().startswith("/") else "text"

    code = COMMENT_OR_TEXT.sub(without_comment, text)
    return sum(bool(line.strip()) for line in code.splitlines())


def long_functions(path, lines):
    """A function's braces stand alone in column 1 (clang-format sees to that)."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > FUNCTION_LINES:
                yield f"{path}:{start}: a function of {number - start + 1} lines"
            start = None


def check():
    complaints = []
    for path in tracked_files():
        if path.suffix not in SUFFIXES:
            continue
        lines = text_of(path).splitlines()
        if len(lines) > FILE_LINES:
            complaints.append(f"{path}: {len(lines)} lines")
        if path.suffix == ".c":
            complaints += long_functions(path, lines)
        complaints += [
            f"{path}:{number}: {len(line)} columns"
            for number, line in enumerate(lines, 1)
            if len(line) > COLUMNS
        ]
    kernel = sum(
        code_lines(text_of(path))
        for path in c_files()
        if path.parts[0] == "kernel" and "test" not in path.parts
    )
    if kernel > KERNEL_LINES:
        complaints.append(f"kernel/: {kernel} lines of code, its budget is {KERNEL_LINES}")
    return complaints
