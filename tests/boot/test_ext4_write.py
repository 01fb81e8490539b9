# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Writing to ext4: e2fsck and debugfs judge what is on the disk afterwards."""

import os
import re
import signal
import subprocess
import time

import pytest

import guest
import tree_model

MOUNT = "mount -t ext4 /dev/vdb /mnt || exit 1; cd /mnt; fail() { echo failed at $1; exit 1; }\n"
UNMOUNT = "\ncd /; umount /mnt || exit 1\n"


def make_disk(path, *options, mebibytes=96):
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", *options, path, f"{mebibytes}M"],
        check=True,
        env=tree_model.TOOLS,
    )
    return path


@guest.once
@pytest.mark.parametrize(
    "options", [("-b", "4096"), ("-b", "1024"), ("-b", "2048", "-O", "^metadata_csum,^64bit")]
)
def test_random_changes(tmp_path, options):
    image = make_disk(tmp_path / "disk", *options)
    tree = tree_model.Tree(str(options))
    guest.check(MOUNT + tree.script(250) + UNMOUNT, "--drive", image)
    tree_model.check_disk(image)
    tree_model.compare(image, tree, tmp_path / "tree")


# The server, the driver below it, or both: programs see a pause.
KILLER = """
cd /
while usleep {pause}; do
    for name in {names}; do echo kill > /sys/xinim/services/$name/ctl; done
done &
killer=$!
cd /mnt
"""


@pytest.mark.parametrize("names", ["ext4", "ext4 virtio_blk.1"])
def test_random_changes_while_services_die(tmp_path, names):
    image = make_disk(tmp_path / "disk")
    tree = tree_model.Tree(names)
    command = (
        MOUNT
        + KILLER.format(names=names, pause=300000)
        + tree.script(200)
        + "kill $killer\ngrep -h ^restarts /sys/xinim/services/*/stats"
        + UNMOUNT
    )
    out = guest.check(command, "--drive", image)
    assert sum(map(int, re.findall(r"^restarts (\d+)$", out, re.MULTILINE))) >= 3, out
    tree_model.check_disk(image)
    tree_model.compare(image, tree, tmp_path / "tree")


def test_many_programs_while_the_server_dies(tmp_path):
    """More of them wait for the server than it has places for requests."""
    image = make_disk(tmp_path / "disk")
    programs = (
        "for p in $(seq 1 24); do (\n"
        "mkdir d$p || exit 1; n=0; while [ $n -lt 25 ]; do n=$((n+1));\n"
        "echo $p $n > d$p/$n && ls -l d$p > /dev/null && mv d$p/$n d$p/x$n || exit 1; done\n"
        "echo done) & pids=\"$pids $!\"; done\n"
    )
    command = (
        MOUNT
        + KILLER.format(names="ext4", pause=400000)
        + programs
        + "wait $pids; kill $killer\n"
        + "cat d*/x* | sort | uniq | wc -l"
        + UNMOUNT
    )
    out = guest.check(command, "--drive", image).split()
    assert out == ["done"] * 24 + ["600"]
    tree_model.check_disk(image)


@guest.once
def test_power_cut(tmp_path):
    """What was synced is there after the machine was cut off, and the file system is sound."""
    image = make_disk(tmp_path / "disk")
    for turn in range(3):
        with guest.Console("--drive", image) as console:
            console.prompt()
            console.command("mount -t ext4 /dev/vdb /mnt; echo mounted$?", "mounted0")
            console.send(
                f"mkdir /mnt/t{turn}; n=0; while :; do n=$((n+1)); seq 1 $n > /mnt/t{turn}/$n;"
                f" sync; echo synced $n; seq 1 $((n+9)) > /mnt/t{turn}/next; done\n"
            )
            console.expect(rf"synced {20 + 13 * turn}\r")
            os.kill(console.pid, signal.SIGKILL)
            os.waitpid(console.pid, 0)
            console.pid = 0
        last = max(map(int, re.findall(rb"synced (\d+)\r", console.all)))
        out = guest.check(
            "mount -t ext4 /dev/vdb /mnt && cd /mnt && for n in $(seq 1 "
            f"{last}); do seq 1 $n | cmp - t{turn}/$n || echo wrong; done; cd /; umount /mnt",
            *("--drive", image),
        )
        assert out == ""
        tree_model.check_disk(image)


@guest.once
def test_full_disk(tmp_path):
    image = make_disk(tmp_path / "disk", mebibytes=16)
    command = (
        MOUNT
        + "dd if=/dev/zero of=big bs=64k 2>/tmp/err; grep -c 'No space' /tmp/err; rm big\n"
        + "i=0; while echo $i > f$i; do i=$((i+1)); done 2>/dev/null; echo made\n"
        + "rm -r f*; yes | head -c 3000000 > again || fail again; cat again | wc -c"
        + UNMOUNT
    )
    assert guest.check(command, "--drive", image).split() == ["1", "made", "3000000"]
    tree_model.check_disk(image)


def test_shared_mappings(tmp_path):
    image = make_disk(tmp_path / "disk")
    command = (
        MOUNT
        + "dd if=/dev/zero of=mapped bs=1M count=40 2>/dev/null\n"
        + "/usr/lib/xinim/mapped_disk mapped || fail mapped; sha256sum mapped"
        + UNMOUNT
        + "mount -t ext4 -o ro /dev/vdb /mnt; sha256sum /mnt/mapped; umount /mnt"
    )
    out = guest.check(command, "--drive", image, "--mem", "128M")
    assert " passed, 0 failed" in out
    digests = re.findall(r"^([0-9a-f]{64})", out, re.MULTILINE)
    assert len(digests) == 2
    assert digests[0] == digests[1]
    tree_model.check_disk(image)


@guest.once
def test_changes_reach_the_disk_by_themselves(tmp_path):
    image = make_disk(tmp_path / "disk", mebibytes=16)
    with guest.Console("--drive", image) as console:
        console.prompt()
        console.command("mount -t ext4 /dev/vdb /mnt; echo text > /mnt/new; echo ok$?", "ok0")
        time.sleep(12)  # write-back and commit, five seconds each at most
        os.kill(console.pid, signal.SIGKILL)
        os.waitpid(console.pid, 0)
        console.pid = 0
    out = guest.check("mount -t ext4 /dev/vdb /mnt && cat /mnt/new; umount /mnt", "--drive", image)
    assert out == "text\n"


def test_remount_and_attributes(tmp_path):
    image = make_disk(tmp_path / "disk", mebibytes=16)
    command = (
        MOUNT
        + "echo a > f; chown 12:34 f; chmod 4751 f; touch -d '2001-02-03 04:05:06' f\n"
        + "mkfifo p; mknod c c 5 7; mount -o remount,ro /mnt || fail ro\n"
        + "touch g 2>/dev/null && fail g; mount -o remount,rw /mnt || fail rw; touch g || fail h\n"
        + UNMOUNT
        + "mount -t ext4 -o ro /dev/vdb /mnt; cd /mnt; stat -c '%a %u %g %s %Y %n' f\n"
        + "stat -c '%F %t %T' p c; ls; cd /; umount /mnt"
    )
    assert guest.check(command, "--drive", image).splitlines() == [
        "4751 12 34 2 981173106 f",
        "fifo 0 0",
        "character special file 5 7",
        *["c", "f", "g", "lost+found", "p"],
    ]
    tree_model.check_disk(image)
