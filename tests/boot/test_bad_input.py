# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What is wrong outside is said in one clear line, and never ends in a silent hang."""

import pathlib
import re
import shutil
import subprocess

import pytest

import guest

BOOT_FAILED, PANIC = 241, 242
BUILD = guest.BUILD
SECONDS = 60


def expect_line(result, pattern):
    """The machine did not come up, and its console has a line that matches."""
    console = result.console.decode(errors="replace")
    assert result.status in (BOOT_FAILED, PANIC), f"status {result.status}\n{console}"
    assert re.search(pattern, console, re.IGNORECASE), console


@pytest.fixture(name="damaged_root")
def fixture_damaged_root(tmp_path):
    """A copy of the root disk, and a function that overwrites bytes in it."""
    image = tmp_path / "root.img"
    shutil.copy(BUILD / "root.img", image)

    def damage(offset, data):
        with image.open("r+b") as file:
            file.seek(offset)
            file.write(data)
        return image

    return damage


def test_missing_disk():
    expect_line(guest.run("true", "--root", "none", seconds=SECONDS), r"root.*(/dev/vda|disk)")


def test_corrupt_superblock_magic(damaged_root):
    image = damaged_root(1024 + 56, b"\0\0")
    expect_line(guest.run("true", "--root", image, seconds=SECONDS), r"ext4.*(magic|superblock)")


def test_corrupt_superblock_checksum(damaged_root):
    image = damaged_root(1024 + 0x3FC, b"\xde\xad\xbe\xef")
    expect_line(guest.run("true", "--root", image, seconds=SECONDS), r"ext4.*(checksum|superblock)")


def test_end_of_the_program_server():
    """Without it there are no programs: the machine says why and restarts, which ends QEMU."""
    result = guest.run("echo kill > /sys/xinim/services/posix/ctl; sleep 9", seconds=SECONDS)
    expect_line(result, r"posix: given up .*killed on request.* restarts")


def test_disk_without_init(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    image = tmp_path / "root.img"
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", folder, image, "8M"], check=True)
    expect_line(guest.run("true", "--root", image, seconds=SECONDS), r"init")


def test_too_little_memory():
    expect_line(guest.run("true", "--mem", "12M", seconds=SECONDS), r"memory")


@guest.x86_64_only  # aarch64 needs nothing that a processor QEMU has could lack
def test_processor_without_a_needed_feature():
    result = guest.run("true", "--qemu", "-cpu qemu64,-nx", seconds=SECONDS)
    expect_line(result, r"(cpu|processor).*(lacks|needs|missing|without)")


def test_empty_boot_archive(tmp_path):
    archive = tmp_path / "boot.cpio"
    archive.write_bytes(b"")
    result = guest.run("true", "--initrd", archive, seconds=SECONDS)
    expect_line(result, r"boot archive")


def make_archive(folder, extra):
    """The boot archive's files and some more, packed anew."""
    names = subprocess.run(
        ["cpio", "-it", "--quiet"],
        stdin=(BUILD / "boot.cpio").open("rb"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    subprocess.run(
        ["cpio", "-id", "--quiet"], cwd=folder, stdin=(BUILD / "boot.cpio").open("rb"), check=True
    )
    for name, text in extra.items():
        (folder / name).write_text(text)
    output = folder / "new.cpio"
    tool = guest.ROOT / "tools" / "boot_archive.py"
    files = [folder / name for name in sorted({*names, *extra})]
    subprocess.run([tool, "--output", output, *files], check=True)
    return pathlib.Path(output)


def test_bad_manifest_is_named_and_the_rest_starts(tmp_path):
    archive = make_archive(tmp_path, {"broken.svc": "name = broken\nfrobnicate = yes\n"})
    result = guest.run("echo up", "--initrd", archive)
    assert (result.status, result.out) == (0, b"up\n")
    assert re.search(rb"broken\.svc:2: ", result.console)


def test_truncated_program_is_refused():
    command = "head -c 5000 /bin/busybox > /tmp/x; chmod +x /tmp/x; /tmp/x; echo $?"
    assert guest.run(command).out.strip() in (b"126", b"139")
