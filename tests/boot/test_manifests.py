# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Bad manifests and binaries in the boot archive: each named in a clear line; the rest starts."""

import shlex
import subprocess
import sys

import guest

pytestmark = guest.once

BUILD = guest.BUILD

FILES = {
    "unknown.svc": "name = unknown\ncolour = red\n",
    "noname.svc": "# nothing\n",
    "loop_a.svc": "name = loop_a\nbinary = log\nneeds = loop_b\n",
    "loop_b.svc": "name = loop_b\nbinary = log\nneeds = loop_a\n",
    "hanger.svc": "name = hanger\nbinary = log\nneeds = loop_a\n",
    "lonely.svc": "name = lonely\nbinary = log\nneeds = nobody\n",
    "greedy.svc": "name = greedy\nbinary = log\nuses = rs(everything)\n",
    "twin.svc": "name = log\n",
    "ghost.svc": "name = ghost\nstart = demand\n",
    "junk.svc": "name = junk\nstart = demand\n",
    "junk": "\x7fELF and nothing behind it" + " " * 100,
    "data.svc": "name = data\nstart = demand\nbinary = junk2\n",
    "junk2": "just text",
}

EXPECTED = [
    "unknown.svc:2: unknown key",
    "noname.svc: no name",
    "loop_a.svc:3: its needs form a cycle: loop_a -> loop_b -> loop_a",
    "loop_b.svc:3: its needs form a cycle: loop_b -> loop_a -> loop_b",
    "hanger.svc:3: needs loop_a, which cannot be started",
    "lonely.svc:3: needs nobody, which has no manifest",
    "greedy.svc:3: asks for permission everything, which the server's manifest does not define",
    "twin.svc: the name log is taken by another manifest",
    "ghost.svc:1: its binary ghost is not in the boot archive",
    "junk cannot be started: not a 64-bit little-endian ELF file",
    "data cannot be started: too short for an ELF header",
    "log is ready",
]


def make_archive(folder):
    """boot.cpio and the files above, packed anew."""
    with open(BUILD / "boot.cpio", "rb") as archive:
        subprocess.run(["cpio", "-id", "--quiet"], stdin=archive, cwd=folder, check=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    out = folder.parent / "bad.cpio"
    members = sorted(folder.iterdir())
    tool = guest.ROOT / "tools" / "boot_archive.py"
    subprocess.run([sys.executable, str(tool), "--output", str(out), *members], check=True)
    return out


def test_each_is_named_and_the_rest_starts(tmp_path):
    folder = tmp_path / "members"
    folder.mkdir()
    line = guest.launcher(
        "--dry-run",
        "--root",
        "none",
        "--initrd",
        make_archive(folder),
        "--append",
        "start=junk,data,log",
    )
    machine = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    seen = []
    missing = set(EXPECTED)
    with subprocess.Popen(
        ["timeout", str(guest.EXPECT_SECONDS), *shlex.split(machine)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for text in process.stdout:
            seen.append(text)
            missing = {wanted for wanted in missing if wanted not in text}
            if not missing:
                break
        process.terminate()
    assert not missing, f"{missing}\n" + "".join(seen)
