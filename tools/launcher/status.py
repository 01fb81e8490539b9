# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What ./run exits with when it is not the guest command's own status.

A shell's statuses end at 192 (128 and the highest signal); these lie above. A command that chooses
one of them by itself is told apart by the message on standard error: only the launcher's own end
with "(./run status N)".
"""

import sys

LAUNCHER = 240  # bad options, something missing, QEMU could not start
BOOT_FAILED = 241  # the guest never came to take a command
PANIC = 242  # the kernel stopped the machine
TIMED_OUT = 243  # the command was still running at the end of --timeout

# The kernel ends a panic by writing 0x7f to the isa-debug-exit port: QEMU exits with 2 * 0x7f + 1.
# On aarch64 it asks for the same status by semihosting.
QEMU_PANIC = 255


class Failure(Exception):
    """Ends the launcher with `status` and `message`."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def report(failure, log=b"", lines=40):
    """Prints the failure, after the last lines of the guest's console where there are any."""
    tail = b"\n".join(log.replace(b"\r", b"").splitlines()[-lines:])
    if tail:
        sys.stderr.write(
            "--- the console's last lines\n" + tail.decode(errors="replace") + "\n---\n"
        )
    sys.stderr.write(f"run: {failure} (./run status {failure.status})\n")
    sys.stderr.flush()
    return failure.status
