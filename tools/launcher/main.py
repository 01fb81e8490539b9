# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Entry of ./run."""

import shlex
import signal
import subprocess
import sys

from launcher import machine
from launcher.command import CommandSession
from launcher.console import ConsoleSession
from launcher.options import ROOT, parse
from launcher.status import LAUNCHER, Failure, report


def build(options):
    """Quiet unless it fails."""
    command = ["make", "--no-print-directory", "-C", str(ROOT), "build", f"ARCH={options.arch}"]
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        sys.stderr.write(result.stdout)
        raise Failure(LAUNCHER, "the build failed")


def dry_run(options):
    """The command as it would run, but with nothing behind the channels to the launcher."""
    names = ("control",) if options.command is None else ("control", "stdout", "stderr")
    channels = {"console": "stdio,mux=on,signal=off", **{name: "null" for name in names}}
    print(shlex.join(machine.command_line(options, channels)))
    return 0


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    session = None
    try:
        options = parse(sys.argv[1:])
        if not options.no_build:
            build(options)
        if options.dry_run:
            return dry_run(options)
        session = ConsoleSession(options) if options.command is None else CommandSession(options)
        return session.run()
    except Failure as failure:
        return report(failure, getattr(session, "log", b""))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
