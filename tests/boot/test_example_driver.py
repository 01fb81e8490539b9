# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The example of docs/driver-guide.md drives QEMU's edu device, and is killed (tests/guest/edu)."""

import pytest

import native


@pytest.mark.parametrize("processors", [1, 2])
def test_example_driver(processors):
    native.run("edu_client", "--smp", processors, "--qemu", "-device edu")
