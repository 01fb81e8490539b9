# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The build machine as the reference: BusyBox in a root folder made like XINIM's root disk, with
its own mounts, process ids and host name, and the environment that XINIM's init gives."""

import os
import shutil
import subprocess

import root_image

# Where the guest's BusyBox lies here, for the cases that work on its bytes ($SAMPLE, else /bin).
SAMPLE = "usr/lib/sample"

ENVIRONMENT = {
    "HOME": "/root",
    "PATH": "/sbin:/usr/sbin:/bin:/usr/bin",
    "SHELL": "/bin/sh",
    "TERM": "vt100",
    "USER": "root",
    "SAMPLE": "/" + SAMPLE,
}

# Runs as root of new namespaces; $1 is the root folder, $2 the folder with driver and cases.
SCRIPT = """
set -e
mount --make-rprivate /
hostname xinim
mount -t proc proc $1/proc
mount -t tmpfs -o mode=755 tmpfs $1/dev
for node in null zero full random urandom tty; do
    : > $1/dev/$node
    mount --bind /dev/$node $1/dev/$node
done
ln -s /proc/self/fd $1/dev/fd
ln -s /proc/self/fd/0 $1/dev/stdin
ln -s /proc/self/fd/1 $1/dev/stdout
ln -s /proc/self/fd/2 $1/dev/stderr
mount -t tmpfs -o mode=1777 tmpfs $1/tmp
mount --bind $2 $1/mnt
umask 022
cd $1
chroot . /bin/sh -c 'cd /root; sh /mnt/driver.sh /mnt'
"""


def make_root(folder, busybox, sample, skeleton):
    """A folder like the root disk's tree, with the guest's BusyBox beside the one that runs."""
    os.umask(0o022)
    folder.mkdir(parents=True)
    root_image.stage_folders(folder)
    root_image.stage_skeleton(folder, skeleton)
    root_image.stage_busybox(folder, busybox, busybox)
    (folder / SAMPLE).mkdir(parents=True)
    shutil.copy(sample, folder / SAMPLE / "busybox")


def run(root, cases):
    """Runs the driver; returns its standard output and standard error."""
    flags = ["--mount", "--pid", "--fork", "--uts", "--kill-child"]
    if os.geteuid() != 0:
        flags += ["--user", "--map-root-user"]
    done = subprocess.run(
        # This run may have been started with signals ignored (nohup): the scripts are not.
        ["env", "--default-signal", "unshare", *flags, "/bin/sh", "-c", SCRIPT, "sh", root, cases],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=900,
    )
    return done.stdout, done.stderr
