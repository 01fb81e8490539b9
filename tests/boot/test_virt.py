# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""aarch64's board: each interrupt controller with each transport, processors, little memory."""

import hashlib

import pytest

import guest

pytestmark = guest.aarch64_only


def digest():
    return hashlib.sha256(guest.BUSYBOX.read_bytes()).hexdigest() + "  /bin/busybox\n"


@pytest.mark.parametrize("processors", [1, 4])
@pytest.mark.parametrize("transport", guest.TRANSPORTS)
@pytest.mark.parametrize("gic", [2, 3])
def test_reads_its_disk(gic, transport, processors):
    options = (*guest.TRANSPORTS[transport], "--gic", gic, "--smp", processors)
    assert guest.check("sha256sum /bin/busybox", *options) == digest()


@pytest.mark.parametrize("gic", [2, 3])
def test_messages(gic):
    text = guest.check("cat /sys/xinim/devices", "--gic", gic)
    assert "vda      block  running    virtio_blk.0     0    msi-x:" in text


def test_64_mebibytes():
    assert guest.check("sha256sum /bin/busybox", "--mem", "64M") == digest()


def test_board_devices():
    text = guest.check("cat /sys/xinim/devices")
    for line in (
        "ttyAMA0  char   running    pl011.0",
        "rtc0     misc   running    rtc_pl031.0",
        "fw_cfg0  misc   running    fw_cfg.0",
        "button0  misc   running    gpio_pl061.0",
    ):
        assert line in text


def test_reboot_by_firmware():
    with guest.Console() as console:
        console.prompt()
        console.send("reboot\n")
        assert console.wait_end() == 0  # the launcher's QEMU ends instead of starting anew
