# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The QEMU command line of the machine that the options describe.

Channels are the chardevs `console`, `control`, `stdout` and `stderr`; the session says what is
behind each.
"""

import os
import pathlib
import re

from launcher import kvm
from launcher.status import LAUNCHER, Failure

# ctrl-], as telnet has it: QEMU's own ctrl-a is a key of line editing.
ESCAPE = 0x1D

QEMU = {"x86_64": "qemu-system-x86_64"}


def board(options):
    """The board and what executes its instructions."""
    if options.accel == "icount":
        return ["-machine", "q35", "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
    if options.accel == "kvm" or (options.accel == "auto" and kvm.works()):
        # Only an I/O APIC in QEMU has its interrupts remapped.
        machine = "q35" if options.no_iommu else "q35,kernel-irqchip=split"
        return ["-machine", machine, "-accel", "kvm"]
    return ["-machine", "q35", "-accel", "tcg,thread=multi"]


def iommu(options):
    """Before every other device: QEMU puts behind it only what comes later."""
    return [] if options.no_iommu else ["-device", "intel-iommu,intremap=on"]


def virtio(options, device):
    """QEMU's words for a virtio device on PCI; its DMA passes the IOMMU only if it is told so."""
    platform = "" if options.no_iommu else ",iommu_platform=on"
    return ["-device", f"{device},disable-legacy=on{platform}"]


def built_file(path):
    if not pathlib.Path(path).exists():
        raise Failure(LAUNCHER, f"{path} is missing: run make build")
    return path


def disk(options, name, path, snapshot):
    # QEMU takes a comma in a file name doubled.
    place = os.fspath(path).replace(",", ",,")
    mode = "snapshot=on" if snapshot else "cache=writeback"
    return [
        "-drive",
        f"if=none,id={name},format=raw,{mode},file={place}",
        *virtio(options, f"virtio-blk-pci,drive={name}"),
    ]


def disks(options):
    words = []
    if options.root != "none":
        words += disk(options, "root", built_file(options.root or options.build / "root.img"), True)
    for number, path in enumerate(options.drive):
        words += disk(options, f"drive{number}", path, False)
    return words


def ports(options, names):
    """The virtio-serial ports org.xinim.<name>; number 0 is reserved for a console."""
    words = virtio(options, "virtio-serial-pci,id=ports,max_ports=4")
    for number, name in enumerate(names, 1):
        words += [
            "-device",
            f"virtserialport,bus=ports.0,nr={number},chardev={name},name=org.xinim.{name}",
        ]
    return words


def kernel_options(options):
    words = ["console=ttyS0", "root=/dev/vda"]
    if options.command is not None:
        words.append("init.mode=command")
    elif re.fullmatch(r"[A-Za-z0-9._+-]{1,31}", os.environ.get("TERM", "")):
        words.append("init.term=" + os.environ["TERM"])
    return " ".join(words + options.append.split())


def command_line(options, channels):
    """`channels`: chardev name -> its definition (QEMU's words)."""
    words = [
        QEMU[options.arch],
        *board(options),
        "-cpu",
        options.cpu,
        "-m",
        options.mem,
        "-smp",
        str(options.smp),
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        *iommu(options),
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=0x04",
        "-kernel",
        str(built_file(options.kernel or options.build / "xinim.elf")),
        "-initrd",
        str(built_file(options.initrd or options.build / "boot.cpio")),
        "-append",
        kernel_options(options),
    ]
    for name, definition in channels.items():
        words += ["-chardev", f"{definition},id={name}"]
    words += ["-serial", "chardev:console"]
    if options.command is None:
        words += ["-echr", str(ESCAPE), "-mon", "chardev=console,mode=readline"]
    words += disks(options)
    words += ports(options, [name for name in channels if name != "console"])
    return words + options.qemu
