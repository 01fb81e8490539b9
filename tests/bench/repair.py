# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""How soon a driver that died or hangs is noticed and replaced, while a verified load runs."""

import re
import sys
import tempfile

from machines import ROOT, Failed

sys.path.insert(0, str(ROOT / "tests" / "lib"))

import recovery  # noqa: E402  (the path comes first)

KILLS = 300
CRASHES = 100
HANGS = 20
SECONDS = 900  # a hang detector


def values(machines, faults, options, *more):
    """disk_load's pauses and the driver's statistics, as numbers."""
    with tempfile.TemporaryDirectory() as folder:
        disk = recovery.make_disk(f"{folder}/disk")
        text = machines.command(
            f"{recovery.LOAD} -t {SECONDS // 2} -k {recovery.SERVICE} -n {faults} {options}"
            f" {recovery.PARTITIONS}; cat /sys/xinim/services/{recovery.SERVICE}/stats",
            *("--accel", "tcg", "--drive", disk),
            *more,
            seconds=SECONDS,
        )
    if recovery.counts(text)[2] != 0:
        raise Failed(f"the load failed\n{text[-2000:]}")
    done, median, most, longest = recovery.pauses(text)
    found = dict(re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE))
    return {
        "faults": done,
        "pause_median_us": median,
        "pause_90_us": most,
        "pause_longest_us": longest,
        "detection_median_us": int(found.get("detection_median_us", 0)),
        "detection_longest_us": int(found.get("detection_max_us", 0)),
    }


def steps(machines):
    faults = recovery.FAULTS  # with them each driver has a copy of its code, which starts slower
    return {
        "repair_kill": lambda: values(machines, KILLS, "-p 50"),  # rs kills: nothing to detect
        "repair_crash": lambda: values(machines, CRASHES, "-p 50 -f crash", *faults),
        "repair_hang": lambda: values(machines, HANGS, "-p 1500 -f hang", *faults),
    }
