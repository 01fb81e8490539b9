# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""SVE for Linux programs (tests/linux/sve), and processors without it."""

import pytest

import guest

pytestmark = guest.aarch64_only


# The second time each CPU is entered at EL2, the third its vectors are the shortest there are.
@pytest.mark.parametrize("processors", [1, 4])
@pytest.mark.parametrize(
    "options",
    [(), ("--qemu", "-machine virtualization=on"), ("--cpu", "max,sve128=on,sve256=off")],
    ids=["el1", "el2", "short"],
)
def test_registers_are_each_programs_own(options, processors):
    command = "/usr/lib/xinim/sve_test && grep -c ' sve .* sve2 ' /proc/cpuinfo"
    result = guest.run(command, "--smp", processors, *options)
    assert result.status == 0, result.text
    assert f" passed, 0 failed\n{processors}\n" in result.text


@pytest.mark.parametrize("model", ["max,sve=off", "cortex-a57", "cortex-a72", "neoverse-n1"])
def test_hidden_where_it_is_missing(model):
    command = "/usr/lib/xinim/sve_test hidden; grep -c sve /proc/cpuinfo"
    text = guest.run(command, "--cpu", model).text
    assert "2 passed, 0 failed\n0\n" in text
