#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make soak HOURS=n: kills a disk's driver thousands of times under one verified load and says what
became of it. Numbers: build/soak.json. Changes to running code: mutate.py."""

import argparse
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import guest  # noqa: E402  (the path comes first)
import recovery  # noqa: E402

KILLS = 10000
START_SECONDS = 120  # for a machine to come up and go down

# What must not grow, and by how much it may all the same: a look comes in the middle of things.
SLACK = {
    "processes": 2,
    "threads": 3,
    "endpoints": 2,
    "notifications": 4,
    "memories": 4,
    "aspaces": 2,
    "dma_windows": 1,
    "handles": 16,
    "heap_bytes": 64 << 10,
    "quarantined_bytes": 0,
}


def run_kills(disk, kills, seconds):
    """One load; what the kernel has in use after a tenth of the kills, and after all of them."""
    load = f"{recovery.LOAD} -k {recovery.SERVICE} -p 5"
    look = "cat /sys/xinim/kernel"
    command = (
        f"{load} -t {seconds // 10} -n {kills // 10} {recovery.PARTITIONS}; {look}; echo ==;"
        f" {load} -t {seconds} -n {kills - kills // 10} {recovery.PARTITIONS}; {look};"
        f" {recovery.OTHERS}"
    )
    limit = seconds * 2 + START_SECONDS
    result = guest.run(command, "--drive", disk, seconds=limit)
    first, _, second = result.text.partition("==\n")
    before, after = recovery.values(first), recovery.values(second)
    done, median, most, longest = recovery.pauses(second)
    written, verified, errors = recovery.counts(result.text)
    grown = {
        name: (before[name], after[name])
        for name, slack in SLACK.items()
        if after[name] > before[name] + slack
    }
    return {
        "status": result.status,
        "kills": done + recovery.pauses(first)[0],
        "written": written,
        "verified": verified,
        "errors": errors,
        "pause_median_us": median,
        "pause_90_us": most,
        "pause_longest_us": longest,
        "before": {name: before[name] for name in SLACK},
        "after": {name: after[name] for name in SLACK},
        "grown": grown,
        "others_crashed": recovery.crashes_of_others(second),
    }


def is_good(data):
    return not (data["status"] or data["errors"] or data["grown"] or data["others_crashed"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--kills", type=int, default=KILLS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        disk = recovery.make_disk(pathlib.Path(folder) / "disk")
        data = run_kills(disk, arguments.kills, int(arguments.hours * 3600))
    text = json.dumps(data, indent=1)
    print(text)
    (ROOT / "build" / "soak.json").write_text(text + "\n")
    print("soak: good" if is_good(data) else "soak: FAILED")
    return 0 if is_good(data) else 1


if __name__ == "__main__":
    sys.exit(main())
