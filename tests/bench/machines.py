# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The machines that are measured: the same QEMU machine, from the same launcher, with XINIM, with
Linux and with the kernel's own test program on it."""

import contextlib
import os
import pathlib
import platform
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "lib")]

import boot_archive  # noqa: E402  (the path comes first)
import linux_initrd  # noqa: E402
import partitions  # noqa: E402

HANG_SECONDS = 900  # only to notice a machine that stands still
PROMPT = re.compile(rb"[#$] (\x1b\[6n|\x1b\[J)*$")

COUNTED = ("--accel", "icount", "--smp", "1")
TIMED = ("--accel", "tcg", "--smp", "1")

# More options for every start, such as another interrupt controller.
EXTRA = shlex.split(os.environ.get("XINIM_RUN_OPTIONS", ""))

PROGRAMS = ("bench", "disk", "tiny")
LINUX_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev")
LINUX_MODULES += ("virtio_pci", "virtio_blk")  # in this order; what is not there is built in

# Kernel option bench=1: measure and power off; without it: a shell at once.
LINUX_INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
[ "$bench" ] || exec setsid cttyhack sh
cp /programs/* /tmp
sh /tmp/$bench.sh
poweroff -f
"""

SCRIPTS = {
    "calls": "/tmp/bench /tmp\n",
    # Linux only, whose disk's driver is a module.
    "disk": """\
for module in $(cat /modules/order); do
    insmod /modules/$module || exit
done
/tmp/disk /dev/vda
""",
    # Three times: seconds at which each of two ways to take the same two digests began and ended.
    "parallel": """\
dd if=/dev/zero of=/tmp/zeros bs=1048576 count=24 2>/dev/null
sha256sum /tmp/zeros >/dev/null
for turn in 1 2 3; do
    read start rest </proc/uptime
    sha256sum /tmp/zeros >/dev/null; sha256sum /tmp/zeros >/dev/null
    read middle rest </proc/uptime
    sha256sum /tmp/zeros >/dev/null & sha256sum /tmp/zeros >/dev/null; wait
    read end rest </proc/uptime
    echo parallel $start $middle $end
done
""",
}


class Failed(Exception):
    """A machine did not do what was measured; the text says which and shows its last lines."""


class Machines:
    def __init__(self, arch):
        self.run = (ROOT / "run", "--no-build", "--arch", arch, *EXTRA)
        self.build = ROOT / "build" / arch
        self.place = ROOT / "build" / "bench"
        self.third_party = ROOT / "build" / "third_party" / arch
        self.place.mkdir(parents=True, exist_ok=True)
        self.busybox = self.third_party / "busybox" / "bin" / "busybox"
        here = ROOT / "build" / "third_party" / platform.machine()
        self.packer = here / "busybox" / "bin" / "busybox"  # the one that runs here
        self.linux_kernel = next((self.third_party / "linux" / "boot").glob("vmlinuz-*"))
        self.linux_modules = self.third_party / "linux" / "lib" / "modules"
        self.linux_disk = self.place / "linux.cpio"
        self.programs_disk = self.place / "programs.img"
        self.kernel_test = self.place / "kernel_test.cpio"

    def make_images(self):
        self.make_linux_disk()
        self.make_programs_disk()
        first = self.place / "rs"
        shutil.copyfile(self.build / "kernel_test", first)
        self.kernel_test.write_bytes(boot_archive.pack([first, self.build / "kernel.sym"]))

    def stage_programs(self, folder):
        folder.mkdir()
        for name in PROGRAMS:
            shutil.copyfile(self.build / f"{name}.stripped", folder / name)
            (folder / name).chmod(0o755)
        for name, text in SCRIPTS.items():
            (folder / f"{name}.sh").write_text(text)

    def stage_modules(self, folder):
        folder.mkdir()
        found = [next(self.linux_modules.rglob(f"{name}.ko"), None) for name in LINUX_MODULES]
        present = [path for path in found if path]
        for path in present:
            shutil.copyfile(path, folder / path.name)
        (folder / "order").write_text("".join(f"{path.name}\n" for path in present))

    def make_linux_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            stage = pathlib.Path(folder)
            for name in ("bin", "dev", "proc", "sys", "tmp"):
                (stage / name).mkdir()
            shutil.copyfile(self.busybox, stage / "bin" / "busybox")
            (stage / "init").write_text(LINUX_INIT)
            for path in (stage / "init", stage / "bin" / "busybox"):
                path.chmod(0o755)
            self.stage_programs(stage / "programs")
            self.stage_modules(stage / "modules")
            linux_initrd.pack(stage, self.packer, self.linux_disk)

    def make_programs_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            stage = pathlib.Path(folder)
            self.stage_programs(stage / "programs")
            self.programs_disk.unlink(missing_ok=True)
            subprocess.run(
                ["mke2fs", "-qq", "-t", "ext4", "-d", stage, self.programs_disk, "4M"],
                check=True,
                stdout=subprocess.DEVNULL,
            )

    # ---- one machine's run to its end ----

    def line(self, *options):
        """QEMU's command line as the launcher makes it."""
        text = subprocess.run(
            [*self.run, "--dry-run", *options],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        return shlex.split(text)

    def console_of(self, name, *options):
        try:
            done = subprocess.run(
                self.line(*options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=HANG_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            text = (expired.output or b"").decode(errors="replace")
            raise Failed(f"{name}: stood still\n{text[-2000:]}") from None
        return done.stdout.decode(errors="replace").replace("\r", "")

    def linux_options(self, append):
        return (
            *("--kernel", self.linux_kernel, "--initrd", self.linux_disk, "--root", "none"),
            *("--append", f"quiet {append}"),
        )

    def on_linux(self, script, *options, append=""):
        return self.console_of("Linux", *self.linux_options(f"bench={script} {append}"), *options)

    def on_xinim(self, script, *options):
        command = (
            "mkdir -p /tmp/stage && mount -t ext4 /dev/vdb /tmp/stage && "
            f"cp /tmp/stage/programs/* /tmp && sh /tmp/{script}.sh"
        )
        return self.command(command, "--drive", self.programs_disk, *options)

    def command(self, command, *options, seconds=HANG_SECONDS):
        """What a command prints on XINIM."""
        line = [*self.run, "--timeout", str(seconds), *options, "--", command]
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Failed(f"XINIM: status {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout

    def on_kernel(self, *options):
        return self.console_of(
            "kernel",
            *("--initrd", self.kernel_test, "--root", "none", "--append", "ktest.bench"),
            *options,
        )

    def test_disk(self, *options):
        """The disk of tests/boot/test_block.py's machine."""
        disk = self.place / "disk.img"
        partitions.make_disk(disk)
        device = "virtio-blk-pci,drive=t0,serial=block-test,disable-legacy=on"
        if "--no-iommu" not in options:
            device += ",iommu_platform=on"
        return ("--qemu", f"-drive file={disk},format=raw,if=none,id=t0 -device {device}")

    def block_test(self, *options):
        """The console of tests/boot/test_block.py's machine, which tells its disk's speed."""
        return self.console_of(
            "block_test",
            *("--accel", "tcg", "--root", "none", "--initrd", self.build / "boot-test.cpio"),
            *("--append", "start=block_test"),
            *self.test_disk(*options),
            *options,
        )

    def linux_disk_test(self, *options):
        """The same disk's speed under Linux, which flushes the IOMMU before it reuses an address,
        as XINIM does."""
        append = "" if "--no-iommu" in options else "intel_iommu=on iommu.strict=1"
        return self.on_linux(
            "disk", *("--accel", "tcg"), *self.test_disk(*options), *options, append=append
        )

    # ---- power-on to prompt ----

    def at_prompt(self, name, *options, typed=None):
        """Seconds from QEMU's start to the shell's prompt, and what `typed` shows."""
        line = self.line(*options)
        started = time.monotonic()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp(line[0], line)
        try:
            read_until_prompt(name, terminal)
            seconds = time.monotonic() - started
            if typed is None:
                return seconds, ""
            os.write(terminal, typed.encode() + b"\n")
            return seconds, read_until_prompt(name, terminal).decode(errors="replace")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            os.close(terminal)


def read_until_prompt(name, terminal):
    deadline = time.monotonic() + HANG_SECONDS
    seen = b""
    while not PROMPT.search(seen):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            raise Failed(f"{name}: no prompt\n{seen[-2000:].decode(errors='replace')}")
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            text = seen[-2000:].decode(errors="replace")
            raise Failed(f"{name}: ended before its prompt\n{text}") from None
    return seen
