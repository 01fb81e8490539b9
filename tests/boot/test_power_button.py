# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The power button shuts down politely: programs get their signal, then the machine stops."""

import json
import socket

import guest

# It says when its trap is set: before, the signal ends it without a word.
POLITE = "(trap 'echo fare''well; exit' TERM; echo lis''tening; sleep 999 & wait) &"


def press(path):
    """QEMU's system_powerdown, by its machine protocol."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(guest.EXPECT_SECONDS)
        monitor.connect(str(path))
        stream = monitor.makefile("rw")
        stream.readline()
        for command in ("qmp_capabilities", "system_powerdown"):
            stream.write(json.dumps({"execute": command}) + "\n")
            stream.flush()
            while "return" not in json.loads(stream.readline()):
                pass


def test_polite_shutdown(tmp_path):
    path = tmp_path / "qmp"
    with guest.Console("--qemu", f"-qmp unix:{path},server=on,wait=off") as console:
        console.prompt()
        console.send(POLITE + "\n")
        console.expect("listening")
        press(path)
        console.expect("farewell")
        assert console.wait_end() == 0


def test_killed_driver_is_replaced(tmp_path):
    path = tmp_path / "qmp"
    service = {"x86_64": "acpi_button", "aarch64": "gpio_pl061"}[guest.ARCH] + ".0"
    with guest.Console("--qemu", f"-qmp unix:{path},server=on,wait=off") as console:
        console.prompt()
        console.command(f"echo kill > /sys/xinim/services/{service}/ctl; sleep 2", "")
        console.command("cat /sys/xinim/devices", r"button0 +misc +running")
        press(path)
        assert console.wait_end() == 0
