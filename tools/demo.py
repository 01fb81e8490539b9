#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make demo: a verified load on a disk while every service is killed in turn.

A live table meanwhile; at the end build/demo/report.html, one page that needs nothing else. Status
0 only if no block was wrong and no request failed.
"""

import argparse
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]

from repair_demo import record, report, table  # noqa: E402  pylint: disable=wrong-import-position

DISK_BYTES = 64 << 20
SLACK_SECONDS = 300  # boot, the last look at all blocks, a slow machine


def main():
    parser = argparse.ArgumentParser(description="kill every service under load")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--seconds", type=int, default=30, help="length of the load")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between kills")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "demo")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    disk = options.out / "disk.img"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)

    script = (ROOT / "tools" / "repair_demo" / "guest.sh").read_text()
    variables = f"SECONDS_ALL={options.seconds} PAUSE={options.pause}\n"
    command = [ROOT / "run", "--no-build", "--arch", options.arch, "--drive", disk]
    command += ["--timeout", str(options.seconds + SLACK_SECONDS), "--", variables + script]
    seen, shown = record.Record(), table.Table()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as machine:
        for line in machine.stdout:
            seen.feed(line.rstrip("\n"))
            shown.update(seen, line.rstrip("\n"))
    shown.finish(seen)
    page = options.out / "report.html"
    about = f"{options.arch} under QEMU, {options.seconds} seconds."
    page.write_text(report.page(seen, about))
    disk.unlink()
    verdict = "no error" if seen.succeeded() and machine.returncode == 0 else "FAILED"
    print("\n".join([*seen.problems, seen.result, f"{verdict}; report: {page}"]))
    return 0 if verdict == "no error" else 1


if __name__ == "__main__":
    sys.exit(main())
