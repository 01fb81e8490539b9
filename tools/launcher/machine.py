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

QEMU = {"x86_64": "qemu-system-x86_64", "aarch64": "qemu-system-aarch64"}
# What the build made for QEMU to load: an ELF file by the PVH protocol, or Linux's Image.
KERNEL = {"x86_64": "xinim.elf", "aarch64": "Image"}
CONSOLE = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}
# How the kernel ends the machine with a status.
DEBUG_EXIT = {
    "x86_64": ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"],
    "aarch64": ["-semihosting-config", "enable=on,target=native"],
}


def accelerator(options):
    if options.accel == "icount":
        return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
    if options.accel == "kvm" or (
        options.accel == "auto" and options.arch == "x86_64" and kvm.works()
    ):
        return ["-accel", "kvm"]
    return ["-accel", "tcg,thread=multi"]


def built_file(path):
    if not pathlib.Path(path).exists():
        raise Failure(LAUNCHER, f"{path} is missing: run make build")
    return path


# Boards of virtio-mmio slots. Root disk, console's ports and the other disks are a page apart, so
# that no driver is handed another kind's registers with its own. Slot 0 stays empty: QEMU delivers
# pin 0 of microvm's second I/O APIC, which it interrupts by, at pin 2.
MMIO_ROOT_SLOT = 1
MMIO_PORTS_SLOT = 8
MMIO_DRIVES_SLOT = 16
# QEMU's words for the boards; microvm's clock is there on request only.
BOARD = {"q35": "q35", "microvm": "microvm,acpi=on,rtc=on", "virt": "virt,gic-version={gic}"}


def confined(options):
    """Is there an IOMMU between the devices and memory?"""
    return options.virtio == "pci" and not options.no_iommu


def board(options):
    machine = BOARD[options.machine].format(gic=options.gic)
    if confined(options) and options.arch == "aarch64":
        machine += ",iommu=smmuv3"
    elif confined(options) and "kvm" in accelerator(options):
        machine += ",kernel-irqchip=split"  # only an I/O APIC in QEMU has its interrupts remapped
    words = ["-machine", machine]
    if options.virtio != "pci":
        legacy = "on" if options.virtio == "mmio-legacy" else "off"
        words += ["-global", f"virtio-mmio.force-legacy={legacy}"]
    return words


def iommu(options):
    """Before every other device: QEMU puts behind it only what comes later."""
    vtd = confined(options) and options.arch == "x86_64"
    return ["-device", "intel-iommu,intremap=on"] if vtd else []


def virtio(options, device, slot):
    """QEMU's name of a virtio device on the bus that was chosen; its DMA passes an IOMMU only if it
    is told so."""
    if options.virtio == "pci":
        platform = ",iommu_platform=on" if confined(options) else ""
        return f"{device}-pci,disable-legacy=on{platform}"
    return f"{device}-device,bus=virtio-mmio-bus.{slot}"


# Disks at AHCI controllers of six ports, of which q35 has one itself; the others are added.
AHCI_PORTS = 6


def ahci_controllers(options, disks_wanted):
    """Those that are added, and the bus names of all ports in the order of disks' names: the
    board's own controller has the highest address."""
    own = ["ide"] if options.machine == "q35" else []
    added = [f"ahci{number}" for number in range(-(-disks_wanted // AHCI_PORTS) - len(own))]
    words = [word for name in added for word in ("-device", f"ahci,id={name}")]
    return words, [f"{name}.{port}" for name in added + own for port in range(AHCI_PORTS)]


def disk(options, name, path, snapshot, place):
    # QEMU takes a comma in a file name doubled.
    file = os.fspath(path).replace(",", ",,")
    mode = "snapshot=on" if snapshot else "cache=writeback"
    if options.disk == "ahci":
        device = f"ide-hd,bus={place}"
    else:
        device = virtio(options, "virtio-blk", place)
    return [
        "-drive",
        f"if=none,id={name},format=raw,{mode},file={file}",
        "-device",
        f"{device},drive={name}",
    ]


def disks(options):
    images = [(f"drive{number}", path, False) for number, path in enumerate(options.drive)]
    if options.root != "none":
        images.insert(0, ("root", built_file(options.root or options.build / "root.img"), True))
    words = []
    if options.disk == "ahci":
        words, places = ahci_controllers(options, len(images))
    else:
        places = [MMIO_ROOT_SLOT] if options.root != "none" else []
        places += range(MMIO_DRIVES_SLOT, MMIO_DRIVES_SLOT + len(options.drive))
    for (name, path, snapshot), place in zip(images, places):
        words += disk(options, name, path, snapshot, place)
    return words


def ports(options, names):
    """The virtio-serial ports org.xinim.<name>; number 0 is reserved for a console."""
    serial = virtio(options, "virtio-serial", MMIO_PORTS_SLOT)
    words = ["-device", f"{serial},id=ports,max_ports=4"]
    for number, name in enumerate(names, 1):
        words += [
            "-device",
            f"virtserialport,bus=ports.0,nr={number},chardev={name},name=org.xinim.{name}",
        ]
    return words


def kernel_options(options):
    words = [
        "console=" + CONSOLE[options.arch],
        "root=/dev/sda" if options.disk == "ahci" else "root=/dev/vda",
    ]
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
        *accelerator(options),
        "-m",
        options.mem,
        "-smp",
        str(options.smp),
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        *iommu(options),
        *DEBUG_EXIT[options.arch],
        "-kernel",
        str(built_file(options.kernel or options.build / KERNEL[options.arch])),
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
