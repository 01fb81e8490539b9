# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Functions never pass 120 lines, files 1000, lines 100 columns, and the kernel its budget.

The budget is of code: comments and blank lines do not count, so that nobody saves on those."""

from checks import c_files, text_of, tracked_files

NAME = "lengths of functions, files, lines and the kernel"

FUNCTION_LINES = 120
FILE_LINES = 1000
COLUMNS = 100
KERNEL_CODE_LINES = 15000
COMMENT_STARTS = ("//", "/*", "*")
SUFFIXES = {".c", ".h", ".S", ".py"}


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


def code_lines(path):
    """Lines of code; a line inside a block comment of assembly counts, there are few."""
    lines = (line.strip() for line in text_of(path).splitlines())
    return sum(1 for line in lines if line and not line.startswith(COMMENT_STARTS))


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
        code_lines(path)
        for path in c_files()
        if path.parts[0] == "kernel" and "test" not in path.parts
    )
    if kernel > KERNEL_CODE_LINES:
        complaints.append(f"kernel/: {kernel} lines of code, its budget is {KERNEL_CODE_LINES}")
    return complaints
