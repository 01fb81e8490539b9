# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make demo: every service is killed under a verified load; nothing is wrong, a page says so."""

import subprocess

import guest


def test_no_program_notices(tmp_path):
    command = [guest.ROOT / "tools" / "demo.py", "--arch", guest.ARCH, "--out", tmp_path]
    done = subprocess.run(
        [*command, "--seconds", "8", "--pause", "0.3"],
        capture_output=True,
        text=True,
        timeout=guest.COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors\nno error; report: " in done.stdout
    page = (tmp_path / "report.html").read_text()
    assert "No error, no mismatch." in page
    for service in ("devmgr", "ext4", "log", "virtio_blk.0", "virtio_blk.1", "virtio_console.0"):
        assert f"{service} killed at" in page
