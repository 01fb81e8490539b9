#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Makes the root disk: an ext4 file system, from a folder by `mke2fs -d`, without root rights.

Everything belongs to root and bears one fixed time; debugfs sets what mke2fs copies from the build
machine's files. The file system's identity is fixed too, so the same inputs give the same bytes.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile

TIME = 1767225600  # 2026-01-01 00:00:00 UTC
IDENTITY = "58494e49-4d00-4000-8000-000000000001"
FOLDERS = {
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "home/user": 0o755,
    "mnt": 0o755,
    "proc": 0o755,
    "root": 0o700,
    "run": 0o755,
    "sbin": 0o755,
    "sys": 0o755,
    "tmp": 0o1777,
    "usr": 0o755,
    "usr/bin": 0o755,
    "usr/sbin": 0o755,
    "var": 0o755,
    "var/log": 0o755,
    "var/tmp": 0o1777,
}
OWNERS = {"home/user": 1000}


def stage_folders(stage):
    for name, mode in FOLDERS.items():
        (stage / name).mkdir()
        (stage / name).chmod(mode)


def stage_skeleton(stage, skeleton):
    for path in sorted(skeleton.rglob("*")):
        target = stage / path.relative_to(skeleton)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            shutil.copyfile(path, target)
            target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    (stage / "etc" / "shadow").chmod(0o600)
    (stage / "etc" / "mtab").symlink_to("/proc/mounts")


def stage_program(stage, destination, program):
    target = stage / destination.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(program, target)
    target.chmod(0o755)


def stage_busybox(stage, busybox, lister):
    """BusyBox and a link for each applet, except where a program of ours has the name."""
    stage_program(stage, "/bin/busybox", busybox)
    listing = subprocess.run(
        [lister, "--list-full"], capture_output=True, text=True, check=True
    ).stdout
    for applet in listing.split():
        link = stage / applet
        if not link.exists() and applet != "bin/busybox":
            link.symlink_to("/bin/busybox")


def stage_times(stage):
    for path in stage.rglob("*"):
        os.utime(path, (TIME, TIME), follow_symlinks=False)
    os.utime(stage, (TIME, TIME))


def ownership_script(stage):
    """debugfs commands that give each file its owner and the fixed time."""
    lines = []
    for path in sorted(stage.rglob("*")):
        name = path.relative_to(stage).as_posix()
        owner = OWNERS.get(name, 0)
        settings = {
            "uid": owner,
            "gid": owner,
            "atime": f"@{TIME}",
            "ctime": f"@{TIME}",
            "mtime": f"@{TIME}",
            "crtime": f"@{TIME}",
            "ctime_extra": 0,
            "mtime_extra": 0,
            "atime_extra": 0,
            "crtime_extra": 0,
            "generation": 0,
        }
        lines += [f'set_inode_field "/{name}" {field} {value}' for field, value in settings.items()]
    return "\n".join(lines) + "\n"


def make_image(stage, output, megabytes):
    environment = {
        **os.environ,
        "E2FSPROGS_FAKE_TIME": str(TIME),
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
    }
    output.unlink(missing_ok=True)
    subprocess.run(
        [
            "mke2fs",
            "-q",
            "-t",
            "ext4",
            "-b",
            "4096",
            "-I",
            "256",
            "-L",
            "xinim-root",
            "-U",
            IDENTITY,
            "-m",
            "0",
            "-E",
            f"hash_seed={IDENTITY},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0",
            "-O",
            "64bit,metadata_csum,extent,dir_index,^orphan_file",
            "-d",
            stage,
            output,
            f"{megabytes}M",
        ],
        check=True,
        env=environment,
    )
    script = stage.parent / "ownership"
    script.write_text(ownership_script(stage))
    result = subprocess.run(
        ["debugfs", "-w", "-f", script, output],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    complaints = [line for line in result.stderr.splitlines() if not line.startswith("debugfs 1.")]
    if complaints:
        raise SystemExit("root_image: debugfs: " + "\n".join(complaints))


def main():
    parser = argparse.ArgumentParser(description="make the root disk image")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--skeleton", required=True, type=pathlib.Path)
    parser.add_argument("--busybox", required=True, type=pathlib.Path)
    parser.add_argument(
        "--lister", type=pathlib.Path, help="busybox that runs here, for the applets' names"
    )
    parser.add_argument("--program", nargs=2, action="append", default=[], metavar=("DEST", "FILE"))
    parser.add_argument("--megabytes", type=int, default=64)
    arguments = parser.parse_args()
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder) / "stage"
        stage.mkdir(mode=0o755)
        stage_folders(stage)
        stage_skeleton(stage, arguments.skeleton)
        for destination, program in arguments.program:
            stage_program(stage, destination, program)
        stage_busybox(stage, arguments.busybox, arguments.lister or arguments.busybox)
        stage_times(stage)
        make_image(stage, arguments.output, arguments.megabytes)


if __name__ == "__main__":
    main()
