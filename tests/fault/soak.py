#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make soak HOURS=n: kills a disk's driver thousands of times under one verified load, then changes
its running code at random, and says what became of both. Numbers: build/soak.json."""

import argparse
import json
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import guest  # noqa: E402  (the path comes first)
import recovery  # noqa: E402

KILLS = 10000
MUTATIONS = 10000
MUTATIONS_A_ROUND = 20
ROUNDS_A_MACHINE = 40
START_SECONDS = 120  # for a machine to come up and go down
ROUND_SECONDS = 60  # for one round of mutations, at most
KERNEL_PANIC = 242  # the launcher's status

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


def mutation_rounds(first, rounds):
    """For each seed a line "round SEED BEFORE AFTER: <disk_load's last line>" (incarnations). Ends
    early when data were damaged: the partition table may be, too."""
    control = f"/sys/xinim/services/{recovery.SERVICE}/ctl"
    stats = f"/sys/xinim/services/{recovery.SERVICE}/stats"
    number = f"$(sed -n 's/^incarnation //p' {stats})"
    return (
        f"for seed in $(seq {first} {first + rounds - 1}); do"
        f" until echo mutate $seed {MUTATIONS_A_ROUND} > {control}; do sleep 0.1; done 2>/dev/null;"
        f" b={number}; l=$({recovery.LOAD} -b 1 {recovery.PARTITIONS} | tail -n 1);"
        f' echo "round $seed $b {number}: $l";'
        ' case "$l" in *" 0 errors") ;; *) break;; esac;'
        f" until echo kill > {control}; do sleep 0.1; done 2>/dev/null; done; {recovery.OTHERS}"
    )


def run_mutations(folder, mutations, seconds):
    """Machine after machine, each with a fresh disk; counts what the changes did."""
    end = time.monotonic() + seconds
    sums = dict.fromkeys(
        ("rounds", "injected", "activated", "detected", "recovered", "corrupted"), 0
    )
    sums |= {"machines": 0, "kernel_crashes": 0, "hung": 0, "others_crashed": {}}
    seed = 1
    while sums["injected"] < mutations and time.monotonic() < end:
        disk = recovery.make_disk(folder / "disk")
        limit = START_SECONDS + ROUNDS_A_MACHINE * ROUND_SECONDS
        result = guest.run(
            mutation_rounds(seed, ROUNDS_A_MACHINE),
            *("--drive", disk),
            *recovery.FAULTS,
            seconds=limit,
        )
        seed += count_rounds(sums, result)
    return sums


def count_rounds(sums, result):
    rounds = re.findall(
        r"^round \d+ (\d+) (\d+): (?:.* (\d+) errors)?$", result.text, re.MULTILINE
    )
    sums["machines"] += 1
    sums["rounds"] += len(rounds)
    sums["injected"] += len(rounds) * MUTATIONS_A_ROUND
    for before, after, errors in rounds:
        died = before != after
        wrong = errors != "0"
        sums["detected"] += died
        sums["corrupted"] += wrong
        sums["activated"] += died or wrong
        sums["recovered"] += died and not wrong
    sums["kernel_crashes"] += result.status == KERNEL_PANIC
    if " crashes " in result.text:
        sums["others_crashed"] |= recovery.crashes_of_others(result.text)
    else:
        sums["hung"] += 1
    return max(len(rounds), 1)


def is_good(data):
    kills, mutations = data["kills"], data["mutations"]
    return not (
        kills["status"]
        or kills["errors"]
        or kills["grown"]
        or kills["others_crashed"]
        or mutations["kernel_crashes"]
        or mutations["hung"]
        or mutations["others_crashed"]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    arguments = parser.parse_args()
    seconds = int(arguments.hours * 1800)  # half of the time each
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        disk = recovery.make_disk(folder / "disk")
        data = {"kills": run_kills(disk, arguments.kills, seconds)}
        print(json.dumps(data["kills"], indent=1), flush=True)
        data["mutations"] = run_mutations(folder, arguments.mutations, seconds)
        print(json.dumps(data["mutations"], indent=1))
    (ROOT / "build" / "soak.json").write_text(json.dumps(data, indent=1) + "\n")
    print("soak: good" if is_good(data) else "soak: FAILED")
    return 0 if is_good(data) else 1


if __name__ == "__main__":
    sys.exit(main())
