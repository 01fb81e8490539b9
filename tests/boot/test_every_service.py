# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Every service that has a successor is killed and made to misbehave, one after the other, in one
machine, under verified loads: no program notices, and every service runs again."""

import os
import pathlib
import re
import subprocess

import pytest

import guest
import recovery

FAULTS = ["kill", "crash", "abort", "hang", "sleep"]
ROUNDS = 1
FILES = 3
SCRIPT = pathlib.Path(__file__).parents[1] / "lib" / "every_service.sh"


@pytest.fixture(name="files")
def fixture_files(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"file{number}").write_bytes(os.urandom(300_000))
    image = tmp_path / "files.img"
    make = ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", folder, image, "8M"]
    subprocess.run(make, check=True)
    return image


def test_each_in_turn(tmp_path, files):
    disk = recovery.make_disk(tmp_path / "disk")
    text = guest.check(
        f"ROUNDS={ROUNDS} FAULTS='{' '.join(FAULTS)}'\n" + SCRIPT.read_text(),
        *("--drive", disk, "--drive", files, *recovery.FAULTS),
        seconds=3 * guest.COMMAND_SECONDS,
    )
    assert "FAIL" not in text, text[-3000:]
    assert recovery.counts(text)[2] == 0
    sums = re.search(r"^sums (\d+) of (\d+)$", text, re.MULTILINE)
    assert int(sums.group(1)) == FILES and int(sums.group(2)) > 2 * FILES, sums.group()
    services = re.findall(r"^service (\S+) (\S+) (\d+)$", text, re.MULTILINE)
    assert {"devmgr", "ext4", "log", "posix", "rs", "virtio_blk.2"} <= {s[0] for s in services}
    for name, state, restarts in services:
        assert state == "running", f"{name}: {state}"
        if name not in ("rs", "posix"):
            assert int(restarts) >= ROUNDS * len(FAULTS), f"{name}: {restarts} restarts"
