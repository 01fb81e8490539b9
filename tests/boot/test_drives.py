# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""More disks: /dev/vdb and on, mounted by hand, with and without partitions."""

import hashlib
import os
import random
import subprocess

import pytest

import guest

pytestmark = guest.once

TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def make_ext4(folder, image, megabytes=32, offset=0):
    option = f"-Eoffset={offset}" if offset else "-Elazy_itable_init=0"
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", option, "-d", folder, image, f"{megabytes}M"],
        check=True,
        env=TOOLS,
    )


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    """A folder of files of many sizes, and the listing that sha256sum must give."""
    folder = tmp_path / "tree"
    folder.mkdir()
    source = random.Random(1)
    lines = []
    for number in range(60):
        data = source.randbytes(source.choice([0, 1, 511, 4096, 4097, 70000, 300000]))
        (folder / f"file{number:02}").write_bytes(data)
        lines.append(f"{hashlib.sha256(data).hexdigest()}  file{number:02}\n")
    return folder, "".join(lines)


def test_second_disk(tree, tmp_path):
    folder, listing = tree
    image = tmp_path / "disk"
    make_ext4(folder, image)
    before = hashlib.sha256(image.read_bytes()).digest()
    command = "mount -t ext4 -o ro /dev/vdb /mnt && cd /mnt && sha256sum file*"
    assert guest.check(command, "--drive", image) == listing
    assert hashlib.sha256(image.read_bytes()).digest() == before


def test_two_disks_keep_their_order(tmp_path):
    images = []
    for name in ("first", "second"):
        folder = tmp_path / f"{name}.d"
        folder.mkdir()
        (folder / "name").write_text(name)
        images.append(tmp_path / name)
        make_ext4(folder, images[-1])
    mount = "mount -t ext4 -o ro /dev/vd$d /mnt"
    command = f"for d in b c; do {mount}; cat /mnt/name; echo; umount /mnt; done"
    options = [word for image in images for word in ("--drive", image)]
    assert guest.check(command, *options) == "first\nsecond\n"


@pytest.mark.parametrize("label", ["gpt", "dos"])
def test_partitions(tree, tmp_path, label):
    folder, listing = tree
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(80 << 20)
    script = f"label: {label}\nstart=2048, size=20480\nstart=22528, size=65536\n"
    subprocess.run(["sfdisk", "-q", image], input=script.encode(), check=True, env=TOOLS)
    make_ext4(folder, image, offset=22528 * 512)
    command = "ls /dev/vdb*; mount -t ext4 -o ro /dev/vdb2 /mnt && cd /mnt && sha256sum file*"
    expected = "/dev/vdb\n/dev/vdb1\n/dev/vdb2\n" + listing
    assert guest.check(command, "--drive", image) == expected


def test_raw_reads(tmp_path):
    data = random.Random(2).randbytes(3 << 20)
    image = tmp_path / "disk"
    image.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    middle = hashlib.sha256(data[512 * 777 : 512 * 780]).hexdigest()
    command = "sha256sum < /dev/vdb; dd if=/dev/vdb bs=512 skip=777 count=3 2>/dev/null | sha256sum"
    assert guest.check(command, "--drive", image) == f"{digest}  -\n{middle}  -\n"


def debugfs(image, *commands):
    """The commands' output, theirs alone."""
    done = subprocess.run(
        ["debugfs", "-w", "-f", "-", image],
        check=True,
        env=TOOLS,
        input="".join(f"{command}\n" for command in commands),
        text=True,
        capture_output=True,
    )
    return [line for line in done.stdout.splitlines() if not line.startswith("debugfs:")]


def test_journal_is_replayed(tmp_path):
    """A crash left a block of a file in the journal only."""
    folder, image, content = tmp_path / "tree", tmp_path / "disk", tmp_path / "content"
    folder.mkdir()
    (folder / "file").write_bytes(b"old\n" * 256)
    content.write_bytes(b"new\n" * 256)
    make_ext4(folder, image)
    block = debugfs(image, "bmap /file 0")[-1]
    debugfs(image, "jo -c", f"jw -b {block} {content}", "jc")
    assert "needs_recovery" in "".join(debugfs(image, "features"))
    command = "mount -t ext4 -o ro /dev/vdb /mnt && sort -u /mnt/file"
    assert guest.check(command, "--drive", image) == "new\n"
    assert "needs_recovery" not in "".join(debugfs(image, "features"))
    checked = subprocess.run(["e2fsck", "-fn", image], env=TOOLS, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_what_is_no_file_system_is_refused(tmp_path):
    image = tmp_path / "disk"
    image.write_bytes(bytes(4 << 20))
    result = guest.run("mount -t ext4 -o ro /dev/vdb /mnt; echo $?", "--drive", image)
    assert result.status == 0
    assert result.out.strip() not in (b"", b"0")
    assert b"mount" in result.err
