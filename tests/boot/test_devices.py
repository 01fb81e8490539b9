# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The device manager: bridges, transitional devices, line interrupts, several units of a kind, a
driver's death."""

import hashlib

import pytest

import guest

MEBIBYTE = 1 << 20


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    """A disk image of pseudo-random bytes, and its digest."""
    path = tmp_path / "disk.img"
    data = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(256)) * 512
    path.write_bytes(data[: 4 * MEBIBYTE])
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def disk_option(path, device):
    return f"-drive if=none,id=x,format=raw,file={path} -device virtio-blk-pci,drive=x,{device}"


def devices(text):
    """The lines of /sys/xinim/devices, by name."""
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if len(row) > 5}


# Behind a bridge to conventional PCI, the bridge's requester id is what the IOMMU sees.
@pytest.mark.parametrize(
    "kind, protection", [(",disable-legacy=on,iommu_platform=on", "confined"), ("", "unprotected")]
)
def test_list_and_digest_behind_two_bridges(disk, kind, protection):
    path, digest = disk
    bridges = "-device pcie-root-port,id=rp,slot=1,chassis=1 -device pcie-pci-bridge,id=br,bus=rp"
    text = guest.check(
        "cat /sys/xinim/devices; sha256sum /dev/vdb",
        "--qemu",
        f"{bridges} {disk_option(path, f'bus=br,addr=3{kind}')}",
    )
    assert devices(text)["vdb"][:2] == ["block", "running"]
    assert devices(text)["vdb"][5] == protection
    assert "pci 02:03.0" in text
    assert f"{digest}  /dev/vdb" in text


def test_line_interrupts(disk):
    path, digest = disk
    text = guest.check(
        "sha256sum /dev/vdb; cat /sys/xinim/devices /proc/interrupts",
        "--qemu",
        disk_option(path, "disable-legacy=on,vectors=0"),
    )
    assert f"{digest}  /dev/vdb" in text
    assert devices(text)["vdb"][4] == "line:1"
    counts = [line.split() for line in text.splitlines() if line.endswith("virtio_blk.1")]
    assert any(int(fields[1]) > 0 for fields in counts if fields[0].endswith(":"))


def test_second_console_device_without_vectors(tmp_path):
    out = tmp_path / "port"
    guest.check(
        "echo through the second one > /dev/virtio-ports/second && sleep 1",
        "--qemu",
        f"-device virtio-serial-pci,id=more,vectors=0,max_ports=2 -chardev file,id=f,path={out}"
        " -device virtserialport,bus=more.0,nr=1,chardev=f,name=second",
    )
    assert out.read_text() == "through the second one\n"


@guest.x86_64_only
def test_second_uart(tmp_path):
    out = tmp_path / "serial"
    guest.check(
        "seq 1 500 > /dev/ttyS1 && stty -F /dev/ttyS1 sane", "--qemu", f"-serial file:{out}"
    )
    assert out.read_bytes() == b"".join(b"%d\r\n" % i for i in range(1, 501))


def test_many_devices():
    """SeaBIOS keeps so much memory for them that QEMU puts the boot archive over its end.

    One CPU: QEMU before 8.1 now and then crashes when a CPU writes to a device while another one
    changes where PCI devices are, here sixteen times."""
    ports = " ".join(
        f"-device pcie-root-port,id=p{i},slot={i},chassis={i}"
        f" -drive if=none,id=n{i},driver=null-co,size=1M"
        f" -device virtio-blk-pci,drive=n{i},bus=p{i}"
        for i in range(1, 9)
    )
    text = guest.check("cat /sys/xinim/devices", "--smp", "1", "--qemu", ports)
    assert sorted(name for name in devices(text) if name.startswith("vd")) == [
        f"vd{letter}" for letter in "abcdefghi"
    ]
