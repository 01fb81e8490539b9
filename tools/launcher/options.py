# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The command line of ./run."""

import argparse
import pathlib
import re
import shlex
import sys

from launcher.status import LAUNCHER, Failure

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND_BYTES = 128 * 1024 - 1  # the longest argument that Linux's execve takes
MAX_PROCESSORS = 8
MAX_DRIVES = 25

# Accepted spellings whose parts come with later work: (option, value) -> why it is refused.
NOT_YET = {
    ("nic", "virtio"): "there is no network stack yet; --nic none is the default",
    ("nic", "e1000"): "there is no network stack yet; --nic none is the default",
    ("nic", "e1000e"): "there is no network stack yet; --nic none is the default",
}


class Parser(argparse.ArgumentParser):
    """Argument errors are the launcher's, so they have its status."""

    def error(self, message):
        self.print_usage(sys.stderr)
        raise Failure(LAUNCHER, message)


def processors(text):
    if not text.isdigit() or not 1 <= int(text) <= MAX_PROCESSORS:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a number of CPUs from 1 to {MAX_PROCESSORS}"
        )
    return int(text)


def memory(text):
    if not re.fullmatch(r"[1-9][0-9]*[MG]", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size such as 256M or 2G")
    return text


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return value


def existing_file(text):
    path = pathlib.Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no file '{text}'")
    return path


def make_parser():
    parser = Parser(
        prog="./run",
        description="Start XINIM under QEMU. Without a command: an interactive console "
        "(ctrl-] x leaves, ctrl-] h helps). With one: run it in the guest's sh, pass its output "
        "and status on, and power off.",
        epilog="Status: the command's own, or 240 launcher error, 241 boot failed, 242 kernel "
        "panic, 243 time-out; see docs/launcher.md.",
    )
    parser.add_argument("--arch", choices=("x86_64", "aarch64"), default="x86_64")
    parser.add_argument(
        "--machine",
        choices=("q35", "microvm", "virt"),
        help="board: x86_64's q35 (default) or microvm, which has virtio-mmio slots and no PCI; "
        "aarch64's virt",
    )
    parser.add_argument(
        "--smp", type=processors, default=2, metavar="N", help="CPUs, 1 to 8 (default 2)"
    )
    parser.add_argument(
        "--mem", type=memory, default="256M", metavar="SIZE", help="memory (default 256M)"
    )
    parser.add_argument(
        "--gic", choices=("2", "3"), default="3", help="virt: version of the interrupt controller"
    )
    parser.add_argument(
        "--virtio",
        choices=("pci", "mmio", "mmio-legacy"),
        help="transport of the virtio devices (default: pci where the board has it)",
    )
    parser.add_argument(
        "--disk",
        choices=("virtio", "ahci"),
        default="virtio",
        help="kind of all disks: virtio's /dev/vda ..., or /dev/sda ... at an AHCI controller",
    )
    parser.add_argument("--nic", choices=("virtio", "e1000", "e1000e", "none"), default="none")
    parser.add_argument(
        "--drive",
        type=existing_file,
        action="append",
        default=[],
        metavar="FILE",
        help="one more disk (raw image, written to): /dev/vdb ... (with --disk ahci: /dev/sdb ...)",
    )
    parser.add_argument(
        "--no-iommu", action="store_true", help="no IOMMU: a driver's device reaches all memory"
    )
    parser.add_argument("--append", default="", metavar="ARGS", help="more kernel options")
    parser.add_argument("--qemu", default="", metavar="ARGS", help="more QEMU options")
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="stop the machine after this time (default: 600 with a command, else never)",
    )
    parser.add_argument(
        "--log", type=pathlib.Path, metavar="FILE", help="write the guest's console there"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the QEMU command and stop")
    parser.add_argument("--no-build", action="store_true", help="take what is built")
    parser.add_argument(
        "--build", type=pathlib.Path, metavar="DIR", help="build folder (default build/<arch>)"
    )
    parser.add_argument("--kernel", type=existing_file, metavar="FILE", help="another kernel")
    parser.add_argument("--initrd", type=existing_file, metavar="FILE", help="another boot archive")
    parser.add_argument(
        "--root", metavar="FILE", help="another root disk (never written to), or 'none'"
    )
    parser.add_argument(
        "--accel",
        choices=("auto", "kvm", "tcg", "icount"),
        default="auto",
        help="icount: one CPU whose clock and TSC count instructions, the same in every run",
    )
    parser.add_argument(
        "--cpu", default="max", metavar="MODEL", help="QEMU's words for the CPU (default max)"
    )
    parser.add_argument(
        "command", nargs="*", metavar="-- SHELL COMMAND", help="run this in the guest"
    )
    return parser


def split_command(arguments):
    """What follows the first "--" is the command; as with ssh, words are joined by blanks."""
    if "--" not in arguments:
        return arguments, None
    at = arguments.index("--")
    return arguments[:at], " ".join(arguments[at + 1 :])


BOARDS = {"x86_64": ("q35", "microvm"), "aarch64": ("virt",)}
TRANSPORTS = {
    "q35": ("pci",),
    "microvm": ("mmio", "mmio-legacy"),
    "virt": ("pci", "mmio", "mmio-legacy"),
}


def settle_board(options):
    """The board and the transport, where they were left open; refuses what is not to be had."""
    boards = BOARDS[options.arch]
    options.machine = options.machine or boards[0]
    if options.machine not in boards:
        raise Failure(LAUNCHER, f"--machine {options.machine} is not a board of {options.arch}")
    transports = TRANSPORTS[options.machine]
    options.virtio = options.virtio or transports[0]
    if options.virtio not in transports:
        raise Failure(LAUNCHER, f"--virtio {options.virtio}: {options.machine} has no such bus")
    if options.disk == "ahci" and options.machine == "microvm":
        raise Failure(LAUNCHER, "--disk ahci: microvm has no PCI")


def check(options):
    settle_board(options)
    for name in ("arch", "disk", "nic"):
        value = getattr(options, name)
        if (name, value) in NOT_YET:
            raise Failure(LAUNCHER, f"--{name} {value}: {NOT_YET[name, value]}")
    if options.accel == "icount" and options.smp != 1:
        raise Failure(LAUNCHER, "--accel icount counts one CPU: it needs --smp 1")
    if len(options.drive) > MAX_DRIVES:
        raise Failure(LAUNCHER, f"more than {MAX_DRIVES} drives")
    if options.root not in (None, "none") and not pathlib.Path(options.root).exists():
        raise Failure(LAUNCHER, f"there is no file '{options.root}'")
    if options.command is not None and len(options.command.encode()) > COMMAND_BYTES:
        raise Failure(
            LAUNCHER, f"the command is longer than {COMMAND_BYTES} bytes: put it into a --drive"
        )


def parse(arguments):
    arguments, command = split_command(arguments)
    options = make_parser().parse_args(arguments)
    if options.command:
        raise Failure(
            LAUNCHER, f"unexpected '{options.command[0]}': a guest command goes behind '--'"
        )
    options.command = command
    if command is not None and not command.strip():
        raise Failure(LAUNCHER, "nothing behind '--'")
    options.qemu = shlex.split(options.qemu)
    if options.timeout is None and command is not None:
        options.timeout = 600.0
    options.build = options.build or ROOT / "build" / options.arch
    check(options)
    return options
