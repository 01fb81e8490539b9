# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The kernel by itself: kernel/test, started in place of rs, on each number of CPUs.

With and without extended state, and in the build with checks (lock ranks, invariants, undefined
behaviour traps).

Its random parts follow from a seed that is new in each run unless XINIM_SEED gives one; a failure
shows it. The cases together make more than a million random native calls."""

import os
import random
import shlex
import subprocess
import sys

import pytest

import guest

sys.path.insert(0, str(guest.ROOT / "tools"))
import boot_archive  # noqa: E402  pylint: disable=wrong-import-position

SEED = int(os.environ.get("XINIM_SEED", random.SystemRandom().randrange(1, 1 << 32)))
CALLS = 300000
CHECKED_CALLS = 100000
# Random guest code must not reach QEMU's AVX decoder: version 7.2 ends with an assertion at a
# VPINSRW without its prefix (VEX.0F C4). The other tests run with everything ("max", 0 calls).
NO_AVX = "max,-avx"
SECONDS = 150

PASSED = 0 << 1 | 1  # QEMU ends with code << 1 | 1


# What the test of DMA windows looks through (kernel/test/edu_device.h).
DEVICE = "-device edu,dma_mask=0xffffffffffffffff"


def boot(build, folder, processors, model, append, *options):
    (folder / "rs").write_bytes((build / "kernel_test").read_bytes())
    (folder / "kernel.sym").write_bytes((build / "kernel.sym").read_bytes())
    archive = folder / "boot.cpio"
    archive.write_bytes(boot_archive.pack([folder / "rs", folder / "kernel.sym"]))
    line = guest.launcher(
        *("--dry-run", "--root", "none", "--build", build, "--initrd", archive),
        *("--smp", processors, "--cpu", model),
        *("--append", f"ktest.seed={SEED} {append}", "--qemu", DEVICE),
        *options,
    )
    machine = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        shlex.split(machine),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


# Kind of build, CPUs, QEMU's model of the processor, calls, further options of ./run.
CASES = {
    "x86_64": [
        ("", 1, NO_AVX, CALLS),
        ("", 2, NO_AVX, CALLS),
        ("", 4, "qemu64", CALLS),
        ("", 8, NO_AVX, CALLS),
        ("", 2, "max", 0),
        ("-checks", 1, "qemu64", CHECKED_CALLS),
        ("-checks", 2, NO_AVX, CHECKED_CALLS),
        ("-checks", 4, "max", 0),
    ],
    "aarch64": [
        ("", 1, "max", CHECKED_CALLS, "--gic", 3),
        ("", 2, "cortex-a57", CALLS, "--gic", 2),
        ("", 4, "cortex-a72", CHECKED_CALLS, "--gic", 3),
        ("", 8, "neoverse-n1", CHECKED_CALLS, "--gic", 2),
        ("", 8, "cortex-a57", 0, "--gic", 3),
        ("-checks", 1, "cortex-a57", CHECKED_CALLS, "--gic", 2),
        ("-checks", 2, "max", CHECKED_CALLS, "--gic", 3),
        ("-checks", 4, "neoverse-n1", CHECKED_CALLS, "--gic", 3),
    ],
}
# No firmware gave the device its registers on virt, and this test has no devmgr.
SEEN = {"x86_64": "with a device", "aarch64": "no device"}


def check(status, console):
    shown = f"seed {SEED}, status {status}\n{console[-4000:]}"
    assert status == PASSED, shown
    assert " passed, 0 failed" in console, shown


def build_folder(kind):
    return guest.BUILD.with_name(guest.ARCH + kind)


@pytest.mark.parametrize("case", CASES[guest.ARCH], ids=lambda case: "-".join(map(str, case)))
def test_kernel(tmp_path, case):
    kind, processors, model, calls, *options = case
    append = f"ktest.fuzz={calls}"
    status, console = boot(build_folder(kind), tmp_path, processors, model, append, *options)
    check(status, console)
    assert f"dma: confined, {SEEN[guest.ARCH]}" in console


# Without one, and with one that is left alone.
@pytest.mark.parametrize("append, options", [("", ["--no-iommu"]), ("iommu=off", [])])
def test_without_an_iommu(tmp_path, append, options):
    line = f"ktest.only=dma {append}"
    status, console = boot(build_folder("-checks"), tmp_path, 2, "max", line, *options)
    check(status, console)
    assert f"dma: unprotected, {SEEN[guest.ARCH]}" in console
