# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The page of Linux system calls says what their table says."""

import syscall_page

NAME = "page of system calls"


def check():
    if syscall_page.PAGE.exists() and syscall_page.PAGE.read_text() == syscall_page.page():
        return []
    return ["docs/syscalls.md is out of date: run tools/syscall_page.py"]
