# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The ext4 server on a virtio disk, driven from inside (tests/guest/ext4/)."""

import random
import subprocess
import zlib

import guest
import native
import pytest

pytestmark = guest.once

NAMES = 400  # tests/guest/ext4/ext4_test.c

LAYOUTS = {
    "default": ["-t", "ext4", "-b", "4096"],
    "small blocks": ["-t", "ext4", "-b", "1024"],
    "ext2": ["-t", "ext2", "-b", "1024"],
}


def write_with_digest(tree, name, digest, content):
    (tree / name).write_bytes(content)
    (tree / digest).write_text(f"{zlib.adler32(content)}\n")


def make_image(path, tree, options):
    tree.mkdir()
    (tree / "many").mkdir()
    for number in range(NAMES):
        (tree / "many" / f"a file with the number {number}").write_text(str(number))
    write_with_digest(tree, "data", "digest", random.Random(1).randbytes(3_000_001))
    holes = b"".join(bytes(8192) + b"between" * 600 for _ in range(40))
    write_with_digest(tree, "holes", "holes-digest", holes)
    subprocess.run(
        ["mke2fs", "-q", "-F", "-d", tree, *options, path, "16M"], check=True, capture_output=True
    )
    indexed = subprocess.run(["e2fsck", "-fyD", path], capture_output=True, check=False)
    assert indexed.returncode <= 1, indexed.stdout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ext4(layout, tmp_path):
    image = tmp_path / "image"
    make_image(image, tmp_path / "tree", LAYOUTS[layout])
    native.run("ext4_test", "--root", image)
