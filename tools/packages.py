#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Installs the missing packages of third_party/packages.txt, as root or through sudo."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def wanted_packages():
    lines = (ROOT / "third_party" / "packages.txt").read_text().splitlines()
    return [name for name in (line.split("#")[0].strip() for line in lines) if name]


def installed_packages(names):
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names]
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    return {line.split()[1] for line in lines if line.startswith("installed ")}


def install(names):
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        sys.exit("packages: not root and no sudo; install by hand: " + " ".join(names))
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    command = [*prefix, *environment, "apt-get", "install", "-y", "--no-install-recommends", *names]
    # Lists may be absent or old on a fresh machine; whether this worked, the installation tells.
    subprocess.run([*prefix, "apt-get", "-q", "update"], check=False, stdout=sys.stderr)
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        sys.exit("packages: apt-get could not install: " + " ".join(names))


def main():
    if not shutil.which("dpkg-query"):
        sys.exit("packages: this build needs Debian 12 (no dpkg-query here)")
    wanted = wanted_packages()
    missing = sorted(set(wanted) - installed_packages(wanted))
    if missing:
        print("packages: installing " + " ".join(missing), file=sys.stderr)
        install(missing)
        still = sorted(set(missing) - installed_packages(missing))
        if still:
            sys.exit("packages: still missing: " + " ".join(still))


if __name__ == "__main__":
    main()
