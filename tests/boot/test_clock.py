# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The board's clock: CMOS, microvm's, PL031."""

import time

import pytest

import guest

SECONDS = 60  # the machine's start, on a busy machine


@pytest.mark.parametrize("machine", guest.BOARDS)
def test_date_is_the_boards(machine):
    before = int(time.time())
    now = int(guest.check("date +%s", "--machine", machine))
    assert before - 1 <= now <= before + SECONDS


@pytest.mark.parametrize("machine", guest.BOARDS)
def test_date_beyond_31_bits(machine):
    options = ("--machine", machine, "--qemu=-rtc base=2040-02-29T23:59:50")
    first = int(guest.check("date +%s", *options))
    assert 2214172790 <= first <= 2214172790 + SECONDS


def test_killed_driver_is_replaced():
    service = {"x86_64": "rtc_cmos", "aarch64": "rtc_pl031"}[guest.ARCH] + ".0"
    text = guest.check(
        f"echo kill > /sys/xinim/services/{service}/ctl; sleep 1; cat /sys/xinim/devices"
    )
    assert "rtc0     misc   running" in text
