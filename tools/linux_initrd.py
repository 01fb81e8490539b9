#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Makes an initial RAM disk with which Debian's Linux boots XINIM's root disk on the same machine:
    ./run --kernel build/third_party/x86_64/linux/boot/vmlinuz-* --initrd FILE [-- COMMAND]
It loads the modules for the disk and the ports, mounts /dev/vda and starts its /sbin/init.
"""

import argparse
import pathlib
import subprocess
import tempfile

MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "ext4")

SCRIPT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /new
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do /bin/busybox insmod $module; done
while ! /bin/busybox mount -t ext4 -o ro /dev/vda /new 2>&-; do /bin/busybox sleep 0.01; done
/bin/busybox umount /dev
exec /bin/busybox switch_root /new /sbin/init
"""


def load_order(folder):
    """Module files, each behind those that its depends= and softdep= entries name."""
    files = {path.stem.replace("-", "_"): path for path in folder.rglob("*.ko")}
    order = []

    def add(name):
        if name in order:
            return
        for entry in files[name].read_bytes().split(b"\0"):
            if entry.startswith((b"depends=", b"softdep=pre: ")):
                words = (
                    entry.split(b"=", 1)[1].decode().replace("pre: ", "").replace(",", " ").split()
                )
                for needed in words:
                    if needed.replace("-", "_") in files:
                        add(needed.replace("-", "_"))
        order.append(name)

    add("crc32c_generic")  # ext4 asks for the algorithm by name
    for module in MODULES:
        add(module)
    return [files[name] for name in order]


def pack(stage, busybox, output):
    """The folder's contents as a RAM disk, everything root's."""
    names = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*"))
    with output.open("wb") as file:
        subprocess.run(
            [busybox, "cpio", "-o", "-H", "newc", "-R", "0:0"],
            cwd=stage,
            check=True,
            stdout=file,
            stderr=subprocess.DEVNULL,
            input="\n".join(names).encode(),
        )


def make(linux, busybox, packer, output):
    """The packer is a BusyBox that runs here; the other goes into the disk."""
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder)
        for name in ("bin", "modules"):
            (stage / name).mkdir()
        (stage / "bin" / "busybox").write_bytes(busybox.read_bytes())
        (stage / "bin" / "busybox").chmod(0o755)
        (stage / "init").write_text(SCRIPT)
        (stage / "init").chmod(0o755)
        for number, path in enumerate(load_order(linux / "lib" / "modules")):
            (stage / "modules" / f"{number:02}-{path.name}").write_bytes(path.read_bytes())
        pack(stage, packer, output)


def main():
    parser = argparse.ArgumentParser(description="make a RAM disk for Linux")
    parser.add_argument(
        "--linux", required=True, type=pathlib.Path, help="the unpacked linux-image package"
    )
    parser.add_argument("--busybox", required=True, type=pathlib.Path)
    parser.add_argument("--packer", type=pathlib.Path, help="a BusyBox that runs here")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    busybox = arguments.busybox.resolve()
    make(arguments.linux, busybox, arguments.packer or busybox, arguments.output)


if __name__ == "__main__":
    main()
