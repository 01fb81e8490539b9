# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Character drivers are killed while programs write: nothing that was written is lost."""

import guest

FIFO_BYTES = 16


def kills(service, count):
    """A background shell loop that kills a driver again and again."""
    kill = f"echo kill > /sys/xinim/services/{service}/ctl"
    return f"(for i in $(seq {count}); do sleep 0.3; until {kill}; do sleep 0.1; done; done) &"


def test_port_output_is_exact():
    """What the dead driver's device had taken is not sent again, what it had not is."""
    text = guest.check(
        f"{kills('virtio_console.0', 4)} seq 1 60000; wait; sleep 1;"
        " grep incarnation: /sys/xinim/services/virtio_console.0/status"
    )
    lines = text.splitlines()
    assert lines[-1].split() == ["incarnation:", "4"]
    assert lines[:-1] == [str(i) for i in range(1, 60001)]


@guest.x86_64_only
def test_serial_output_is_complete(tmp_path):
    """A UART cannot say what it took: at most one FIFO is repeated at each death."""
    out = tmp_path / "serial"
    guest.check(
        f"stty -F /dev/ttyS1 -onlcr; {kills('uart16550.1', 3)}"
        " yes 0123456789abcde | head -n 6000 > /dev/ttyS1; wait; stty -F /dev/ttyS1 sane",
        "--qemu",
        f"-serial file:{out}",
    )
    whole = 6000 * len("0123456789abcde\n")
    assert whole <= len(out.read_bytes()) <= whole + 3 * FIFO_BYTES
