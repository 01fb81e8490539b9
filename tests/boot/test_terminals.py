# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Pseudo terminals, sessions, job control: the same program here and in the guest says the same."""

import os
import subprocess

import pytest

import guest

pytestmark = guest.once  # and the program runs here, too

PROGRAM = guest.BUILD / "tty_test.linux"


@pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="no pseudo terminals here")
def test_terminals_as_on_linux():
    here = subprocess.run(
        [PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True, text=True
    )
    there = guest.check("/usr/lib/xinim/tty_test")
    assert there.splitlines() == here.stdout.splitlines()
