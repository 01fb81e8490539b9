# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""ext4 on a virtio disk, with the programs of one BusyBox, under XINIM and under Linux."""

import re
import statistics
import subprocess

from machines import Failed, linux_initrd

TURNS = 3

# What is measured, in this order: its name in the script's output, and what it does.
STEPS = (
    ("write", "write 64 MiB and fsync"),
    ("read", "read 64 MiB, not in the cache"),
    ("again", "read 64 MiB from the cache"),
    ("create", "make 1 000 small files"),
    ("sync", "sync after that"),
    ("list", "ls -l of them, not in the cache"),
    ("each", "read them all, the first time"),
    ("remove", "remove them"),
    ("fsync", "write 4 KiB and fsync, 50 times"),
    ("copy", "copy 64 MiB and sync"),
    ("free", "remove both and sync"),
)

SCRIPT = """\
mkdir -p /tmp/disk; mount -t ext4 /dev/vdb /tmp/disk && cd /tmp/disk || exit
fresh() { cd /; umount /tmp/disk; mount -t ext4 /dev/vdb /tmp/disk; cd /tmp/disk; }
write() { dd if=/dev/zero of=big bs=1048576 count=64 conv=fsync; }
read_it() { cat big; }
create() { i=0; while [ $i -lt 1000 ]; do echo $i > f$i; i=$((i + 1)); done; }
list() { ls -l; }
each() { cat f*; }
remove() { sh -c 'rm f*'; }
one() { dd if=/dev/zero of=one bs=4096 count=1 conv=fsync; }
fsync() { i=0; while [ $i -lt 50 ]; do one; i=$((i + 1)); done; }
copy() { cp big other; sync; }
free_it() { rm big other; sync; }
# Seconds since the start, and hundredths that a CPU did nothing: idle and waiting for a disk.
look() {
    read seconds rest < /proc/uptime
    read cpu user nice system idle waiting rest < /proc/stat
    eval $1='"$seconds $((idle + waiting))"'
}
measure() {
    look start; $2 > /dev/null 2>&1; look end; echo step $1 $start $end
}
measure write write; fresh
measure read read_it; measure again read_it
measure create create; measure sync sync; fresh
measure list list; measure each each; measure remove remove
measure fsync fsync; measure copy copy; measure free free_it
"""


def make_disk(path):
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(512 << 20)
    subprocess.run(["mke2fs", "-qq", "-t", "ext4", path], check=True, stdout=subprocess.DEVNULL)
    return path


def turn(machines, *options):
    """For each step the seconds that passed, and those of them that a CPU was busy."""
    disk = make_disk(machines.place / "ext4.img")
    text = machines.command(SCRIPT, *("--mem", "512M", "--drive", disk), *options)
    disk.unlink()
    found = {}
    for name, *times in re.findall(r"^step (\w+)" + r" ([\d.]+)" * 4 + "$", text, re.MULTILINE):
        start, start_idle, end, end_idle = map(float, times)
        found[name] = (end - start, end - start - (end_idle - start_idle) / 100)
    if len(found) != len(STEPS):
        raise Failed(f"not all steps were done\n{text[-2000:]}")
    return found


def turns(machines, count, *options):
    """XINIM and Linux, turn and turn about: the machine below is not always as quick."""
    initrd = machines.place / "root_linux.cpio"
    linux_initrd.make(
        machines.third_party / "linux", machines.busybox, machines.packer, initrd
    )
    linux = ("--kernel", machines.linux_kernel, "--initrd", initrd)
    return [
        (turn(machines, *options), turn(machines, *linux, *options)) for _ in range(count)
    ]


def seconds(machines, *options):
    """The median."""
    pairs = turns(machines, TURNS, *options)
    return {
        name: [statistics.median(pair[side][name][0] for pair in pairs) for side in (0, 1)]
        for name, _ in STEPS
    }


def counts(machines, *options):
    """Millions of instructions, on one CPU that counts them by its clock: 1 ns is one."""
    pair = turns(machines, 1, *options)[0]
    return {name: [1000 * pair[side][name][1] for side in (0, 1)] for name, _ in STEPS}
