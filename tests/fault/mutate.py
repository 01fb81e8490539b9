#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make mutate DRIVER=name N=n: changes a running driver's code at random, trial after trial, under
a load that verifies what it gets, and counts what became of it. Numbers: build/mutate-NAME.json.

A trial: GROUP changes at once (as Nooks' swifi does), one turn of the load, and then the driver is
replaced if it lives, so changes do not pile up. Every trial has a seed of its own; the same seeds
make the same changes. What the load finds wrong in a trial is the damaged driver's doing and is
counted as such. Every tenth trial, and after every trial in which data were wrong, the load runs
once more with a sound driver: what it finds wrong then is the system's fault, and the campaign has
failed."""

import argparse
import dataclasses
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

MUTATIONS = 10000
GROUP = 5  # changes in one trial
TRIALS_A_MACHINE = 250
CHECK_EVERY = 10  # trials
PATIENCE = 45  # seconds of one load; then its driver is replaced
START_SECONDS = 120  # for a machine to come up and go down
TRIAL_SECONDS = 8  # on average, at most
KERNEL_PANIC = 242  # the launcher's status
LINES = 100  # that one load sends to a character device
REPEATED = 16  # bytes that a UART's successor may send again: its FIFO


def disk_load(_seed):
    """Its last line, with "wrong data" before it if not only errors were told."""
    told = "(write|fsync|read|fadvise|probe): "
    return (
        f"{recovery.LOAD} -b 1 /dev/vdb | awk '/FAIL/ && !/{told}/ {{ w = \"wrong data: \" }}"
        " { l = $0 } END { print w l }'"
    )


def character_load(device):
    """Lines with their numbers between two marks; the reader is the host (judge_output)."""
    return lambda seed: (
        f"awk -v s={seed} 'BEGIN {{ printf \"\\n[%s\\n\", s;"
        f' for (i = 0; i < {LINES}; i++) printf "%s %d %d\\n", s, i, i * 7919 % 10007;'
        f' printf "%s]\\n", s }}\' > {device}'
    )


def random_load(_seed):
    """Digests of what is read: equal ones are not random."""
    return 'for i in 1 2 3; do head -c 512 /dev/hwrng | md5sum; done | cut -c 1-32 | tr "\\n" " "'


@dataclasses.dataclass
class Driver:
    service: str  # the instance that is damaged; results take other ways
    load: object  # seed -> shell command
    set_up: str = "true"
    options: tuple = ()
    output: bool = False  # what it sends goes to a file of the host's
    repeats: int = 0


SERIAL = "-device virtio-serial-pci,disable-legacy=on,iommu_platform=on,id=other"
DRIVERS = {
    "virtio_blk": Driver("virtio_blk.1", disk_load),
    "virtio_console": Driver(
        "virtio_console.1",
        character_load("/dev/virtio-ports/load"),
        options=(
            f"--qemu={SERIAL} -chardev file,id=load,path={{output}}"
            " -device virtserialport,bus=other.0,chardev=load,name=load",
        ),
        output=True,
    ),
    "uart16550": Driver(
        "uart16550.1",
        character_load("/dev/ttyS1"),
        set_up="stty -F /dev/ttyS1 -onlcr",
        options=("--qemu=-serial file:{output}",),
        output=True,
        repeats=REPEATED,
    ),
    "virtio_rng": Driver(
        "virtio_rng.0",
        random_load,
        options=("--qemu=-device virtio-rng-pci,disable-legacy=on,iommu_platform=on",),
    ),
}

# The guest's side. A line for each trial: "trial SEED|before|after|late|cause|load", before and
# after: "INCARNATION DMA_FAULTS MILLISECONDS"; "check SEED|load": with a sound driver; "stuck":
# the driver did not come back.
SCRIPT = """
S=/sys/xinim/services/@SERVICE@
state() {
  echo $(sed -n 's/^incarnation //p; s/^dma_faults //p' $S/stats) $(cut -d ' ' -f 1 /proc/uptime)
}
order() {
  n=0
  until echo $1 > $S/ctl; do
    n=$((n + 1)); [ $n -lt 600 ] || { echo stuck $1; exit 1; }; usleep 50000
  done 2>/dev/null
}
load() {
  rm -f /tmp/done /tmp/late
  (n=0; while [ $n -lt @PATIENCE@ ]; do
    sleep 1; [ -e /tmp/done.$1 ] && { rm -f /tmp/done.$1; exit; }; n=$((n + 1))
  done; echo late > /tmp/late; order kill; wait) > /dev/null &
  l=$({ $2; } 2>&1 | tail -n 1)
  touch /tmp/done.$1
}
@SET_UP@
one() { @LOAD@; }
for seed in $(seq @FIRST@ @LAST@); do
  order "mutate $seed @GROUP@"
  before=$(state); load $seed one; after=$(state)
  late=$(cat /tmp/late 2>/dev/null)
  cause=$(sed -n 's/^cause: *//p' $S/status)
  order kill
  echo "trial $seed|$before|$after|$late|$cause|$l"
  case "$l" in *" 0 errors") c=$((seed % @EVERY@));; *) c=@OTHERWISE@;; esac
  [ "$c" = 0 ] || continue
  good=yes; load $seed.c one; good=; echo "check $seed|$l"
done
"""


def script(driver, first, trials, group):
    values = {
        "SERVICE": driver.service,
        "PATIENCE": str(PATIENCE),
        "SET_UP": driver.set_up,
        "LOAD": driver.load("$seed$good"),
        "FIRST": str(first),
        "LAST": str(first + trials - 1),
        "GROUP": str(group),
        "EVERY": str(CHECK_EVERY),
        # Characters are judged afterwards, by the host: their loads always end the same way.
        "OTHERWISE": "0" if driver.load is disk_load else f"$((seed % {CHECK_EVERY}))",
    }
    text = SCRIPT
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text + recovery.OTHERS


# ---- what became of a trial ----

ROUTES = (
    # (in the cause of death, what that counts as)
    ("memory fault", "kernel: memory fault"),
    ("illegal instruction", "kernel: illegal instruction"),
    ("arithmetic", "kernel: arithmetic"),
    ("exit code", "ended itself"),
    ("no heartbeat", "heartbeat"),
    ("a client complained", "client's complaint"),
    ("DMA fault", "IOMMU"),
    ("more memory", "memory limit"),
    ("not ready", "not ready in time"),
    ("killed on request", "nobody, load too slow"),
)


def route_of(cause):
    return next((route for sign, route in ROUTES if sign in cause), "other: " + cause)


def is_whole(text, expected, repeats):
    """Is that what was sent? Up to `repeats` bytes may come twice where a driver died."""
    at = 0
    for _ in range(20):  # deaths
        while at < len(text) and at < len(expected) and text[at] == expected[at]:
            at += 1
        if at == len(text) == len(expected):
            return True
        again = next(
            (n for n in range(1, repeats + 1) if text[at : at + 8] == expected[at - n :][:8]), 0
        )
        if not again or again > at:
            return False
        text = text[:at] + text[at + again :]
    return False


def judge_output(output, name, repeats):
    """Did the load's lines arrive? Returns "" or what is wrong."""
    lines = [f"{name} {i} {i * 7919 % 10007}\n" for i in range(LINES)]
    expected = "".join([f"[{name}\n", *lines, f"{name}]\n"]).encode()
    start = output.find(b"\n[%s\n" % name.encode())
    if start < 0:
        return "nothing arrived"
    end = output.find(b"\n[", start + 2)
    text = output[start + 1 : end if end >= 0 else len(output)]
    return "" if is_whole(text, expected, repeats) else "damaged"


def judge_load(driver, name, last_line, output):
    """(data wrong, errors told) of one load."""
    if driver.output:
        verdict = judge_output(output, name, driver.repeats)
        return verdict != "", bool(last_line) and not verdict
    if driver.load is random_load:
        digests = last_line.split()
        sound = len(digests) == 3 and all(re.fullmatch("[0-9a-f]{32}", d) for d in digests)
        empty = "d41d8cd98f00b204e9800998ecf8427e" in digests  # nothing was read
        return sound and not empty and len(set(digests)) < 3, empty or not sound
    return last_line.startswith("wrong data"), not last_line.endswith(" 0 errors")


def count_trial(sums, driver, seed, fields, output):
    before, after, late, cause, last_line = fields
    (incarnation, *dma, start), (later, *more_dma, end) = before.split(), after.split()
    died = incarnation != later
    wrong, told = judge_load(driver, seed, last_line, output)
    sums["trials"] += 1
    sums["activated"] += died or wrong or told or bool(late)
    sums["died"] += died
    sums["wrong_data"] += wrong
    sums["errors_told"] += told and not wrong
    sums["recovered"] += died and not wrong and not told
    sums["seconds"] += float(end) - float(start)
    sums["longest"] = max(sums["longest"], float(end) - float(start))
    if died or late:
        route = route_of("killed on request" if late else cause)
        sums["routes"][route] = sums["routes"].get(route, 0) + 1
    if late or wrong or told:
        seconds = float(end) - float(start)
        sums["remarkable"].append(f"{seed}: {cause}; {last_line}; {seconds:.1f} s")


def count_machine(sums, driver, result, output):
    """Adds a machine's trials; returns how many there were."""
    trials = re.findall(r"^trial (\d+)\|(.*)\|(.*)\|(.*)\|(.*)\|(.*)$", result.text, re.MULTILINE)
    for seed, *fields in trials:
        count_trial(sums, driver, seed, fields, output)
    for seed, last_line in re.findall(r"^check (\d+)\|(.*)$", result.text, re.MULTILINE):
        sums["checks"] += 1
        if any(judge_load(driver, f"{seed}yes", last_line, output)):
            sums["check_failed"].append(f"{seed}: {last_line}")
    sums["machines"] += 1
    sums["stuck"] += re.findall(r"^stuck (.*)$", result.text, re.MULTILINE)
    sums["kernel_crashes"] += result.status == KERNEL_PANIC
    if " crashes " not in result.text:
        sums["hung"].append(f"after seed {trials[-1][0] if trials else 'none'}")
        return len(trials)
    for name, crashes in re.findall(r"^(\S+) crashes (\d+)$", result.text, re.MULTILINE):
        if name != driver.service and crashes != "0":
            sums["others_crashed"][name] = sums["others_crashed"].get(name, 0) + int(crashes)
    return len(trials)


# ---- the campaign ----


def new_sums():
    numbers = ("trials", "activated", "died", "wrong_data", "errors_told", "recovered", "checks")
    sums = dict.fromkeys((*numbers, "machines", "kernel_crashes"), 0)
    lists = {name: [] for name in ("check_failed", "stuck", "hung", "remarkable")}
    return sums | lists | {"routes": {}, "others_crashed": {}, "seconds": 0.0, "longest": 0.0}


def run_machine(driver, folder, first, trials, group):
    """One machine, with a fresh disk: its result, and what the character device sent."""
    output = folder / "output"
    output.write_bytes(b"")
    options = [option.format(output=output) for option in driver.options]
    if driver.load is disk_load:
        options += ["--drive", recovery.make_disk(folder / "disk")]
    result = guest.run(
        script(driver, first, trials, group),
        *options,
        *recovery.FAULTS,
        seconds=START_SECONDS + trials * TRIAL_SECONDS,
    )
    return result, output.read_bytes()


def campaign(name, mutations, group=GROUP, first=1, seconds=None, keep=None):
    """Injects so many mutations into the driver; what became of them. `keep`: a folder for what a
    machine said that did not end well."""
    driver = DRIVERS[name]
    sums = new_sums()
    deadline = time.monotonic() + (seconds or 10**9)
    wanted = -(-mutations // group)
    seed = first
    while sums["trials"] < wanted and time.monotonic() < deadline:
        with tempfile.TemporaryDirectory() as folder:
            trials = min(TRIALS_A_MACHINE, wanted - sums["trials"])
            result, output = run_machine(driver, pathlib.Path(folder), seed, trials, group)
        failed = is_bad(sums)
        seed += max(count_machine(sums, driver, result, output), 1)
        if keep and is_bad(sums) and not failed:
            (keep / f"mutate-{name}-failed.log").write_bytes(result.console + result.out)
        print(f"{name}: {sums['trials']} trials, {sums['died']} deaths", flush=True)
    sums["injected"] = sums["trials"] * group
    sums["group"] = group
    sums["good"] = not is_bad(sums)
    return sums


def is_bad(sums):
    faults = ("check_failed", "stuck", "hung", "kernel_crashes", "others_crashed")
    return any(sums[name] for name in faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", choices=[*DRIVERS, "all"], default="all")
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    parser.add_argument("--group", type=int, default=GROUP)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, help="for each driver, at most")
    arguments = parser.parse_args()
    names = [*DRIVERS] if arguments.driver == "all" else [arguments.driver]
    good = True
    for name in names:
        sums = campaign(
            name,
            arguments.mutations,
            arguments.group,
            arguments.first,
            arguments.hours and arguments.hours * 3600,
            keep=ROOT / "build",
        )
        text = json.dumps(sums, indent=1)
        (ROOT / "build" / f"mutate-{name}.json").write_text(text + "\n")
        print(text)
        good &= sums["good"]
    print("mutate: good" if good else "mutate: FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
