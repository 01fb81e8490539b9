#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make debug: starts XINIM halted, its console in a log, and gdb on it with the kernel's symbols.

In gdb, `process NAME` loads the symbols of a native process, `processes` lists them. tools/gdb/
holds these commands and the pretty-printers.
"""

import argparse
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description="debug XINIM with gdb")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--append", default="", help="more kernel options")
    arguments = parser.parse_args()
    build = ROOT / "build" / arguments.arch
    with tempfile.TemporaryDirectory() as folder:
        port = pathlib.Path(folder) / "gdb"
        log = build / "debug-console.log"
        machine = subprocess.Popen(
            [
                *(ROOT / "run", "--no-build", "--arch", arguments.arch, "--accel", "tcg"),
                *("--append", arguments.append, "--log", log),
                *("--qemu", f"-S -gdb unix:{port},server=on,wait=off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        print(f"the console is in {log}; follow it with: tail -f {log}")
        # Interrupts typed at gdb are gdb's.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.run(
                [
                    *("gdb-multiarch", "-q", build / "xinim.elf"),
                    *("-x", ROOT / "tools" / "gdb" / "xinim.py"),
                    *("-ex", f"connect {port}"),
                ],
                check=False,
            ).returncode
        finally:
            machine.terminate()
            machine.wait()


if __name__ == "__main__":
    sys.exit(main())
