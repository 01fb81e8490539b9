# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""QEMU's firmware configuration under /sys/firmware/qemu_fw_cfg, on each board."""

import hashlib

import pytest

import guest

NAMES = "/sys/firmware/qemu_fw_cfg/by_name"


@pytest.mark.parametrize("machine", guest.BOARDS)
def test_files(machine, tmp_path):
    blob = tmp_path / "blob"
    blob.write_bytes(bytes(i * 7 % 251 for i in range(70001)))
    digest = hashlib.sha256(blob.read_bytes()).hexdigest()
    text = guest.check(
        f"cd {NAMES}; ls opt opt/xinim; cat opt/xinim/test/raw; echo; cat opt/xinim/test/size;"
        " test $(cat opt/xinim/test/key) -ge 32 && echo key; sha256sum opt/xinim/blob/raw;"
        " ls opt/nothing || echo no such name; ls -d opt/xinim/test/raw/x || echo no directory",
        "--machine",
        machine,
        f"--qemu=-fw_cfg name=opt/xinim/test,string=hello -fw_cfg name=opt/xinim/blob,file={blob}",
    )
    assert text == (
        "opt:\nxinim\n\nopt/xinim:\nblob\ntest\nhello\n5\nkey\n"
        f"{digest}  opt/xinim/blob/raw\nno such name\nno directory\n"
    )


def test_driver_is_replaced():
    text = guest.check(
        f"cd {NAMES}/opt/xinim/test; for i in 1 2 3; do cat raw; echo;"
        " echo kill > /sys/xinim/services/fw_cfg.0/ctl; done; cat raw",
        "--qemu=-fw_cfg name=opt/xinim/test,string=hello",
    )
    assert text == "hello\nhello\nhello\nhello"
