# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Signals, exceptions and the processor's state as Linux programs see them (tests/linux/signals).
The test itself is judged by the build machine's Linux, where that has the processor."""

import platform
import subprocess

import pytest

import guest


@pytest.mark.skipif(guest.ARCH != platform.machine(), reason="not this machine's processor")
def test_program_agrees_with_linux():
    program = guest.BUILD / "signals_test.linux"
    done = subprocess.run([program], capture_output=True, timeout=120, check=False, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("processors", [1, 3])
def test_signals(processors):
    result = guest.run("/usr/lib/xinim/signals_test", "--smp", processors)
    assert result.status == 0, result.text
    assert " passed, 0 failed" in result.text
