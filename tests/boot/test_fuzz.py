# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A million random Linux system calls leave kernel and servers alive (tests/guest/fuzz). The seed
is new in each run unless XINIM_SEED gives one; a failure shows it."""

import os
import random
import re
import shutil
import subprocess

import pytest

import guest

# Most of what it finds is the same on both processors.
CALLS = int(os.environ.get("XINIM_FUZZ_CALLS", 1000000 if guest.ARCH == "x86_64" else 100000))
SEED = int(os.environ.get("XINIM_SEED", random.SystemRandom().randrange(1 << 32)))
SECONDS = 600

# The shell works, every service still is the first of its kind, and memory has come back.
COMMAND = f"""
mount -t ext4 -o ro /dev/vdb /mnt && /mnt/fuzz {CALLS} {SEED} || exit 9
echo alive | tr a-z A-Z
for f in /sys/xinim/services/*/stats; do [ -f $f ] && echo "$f $(tr '\\n' ' ' < $f)"; done
sha256sum /bin/busybox | wc -c
"""


@pytest.mark.parametrize("processors", [2])
def test_random_system_calls(tmp_path, processors):
    print(f"seed {SEED}")
    folder = tmp_path / "tree"
    folder.mkdir()
    shutil.copy(guest.BUILD / "fuzz.linux", folder / "fuzz")
    image = tmp_path / "disk"
    tools = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder, image, "8M"], check=True, env=tools)
    result = guest.run(COMMAND, "--drive", image, "--smp", processors, seconds=SECONDS)
    shown = result.text + result.err.decode(errors="replace")
    print(shown)
    assert result.status == 0, shown
    assert int(re.search(r"fuzz: (\d+) calls, ", result.text).group(1)) >= CALLS
    assert "ALIVE" in result.text
    for line in re.findall(r"^/sys/xinim/.*", result.text, re.MULTILINE):
        assert re.search(r"restarts\S*\s+0\b", line), line
