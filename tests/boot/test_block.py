# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A disk with partitions through the whole block path, and drivers killed under load
(tests/guest/block/)."""

import pytest

import native
from partitions import make_disk

# The second device has none of what makes virtio fast, and one shared interrupt line.
DEVICES = {
    "plain-1cpu": ("", 1),
    "plain-2cpu": ("", 2),
    "poor-2cpu": (",vectors=0,queue-size=32,indirect_desc=off,event_idx=off", 2),
}


@pytest.mark.parametrize("options, processors", DEVICES.values(), ids=DEVICES.keys())
def test_block(tmp_path, options, processors):
    disk = tmp_path / "disk.img"
    make_disk(disk)
    drive = f"-drive file={disk},format=raw,if=none,id=t0"
    modern = "disable-legacy=on,iommu_platform=on"
    device = f"-device virtio-blk-pci,drive=t0,serial=block-test,{modern}{options}"
    native.run("block_test", "--smp", processors, "--qemu", f"{drive} {device}")
