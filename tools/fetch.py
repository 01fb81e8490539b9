#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Fetches the packages pinned in third_party/debian.toml into build/third_party/<cpu>/<name>/, or,
with --cpu source, the sources pinned there into build/third_party/source/<name>/.

apt runs with its own state under build/third_party/apt (no root rights, any architecture) and the
machine's own sources and keys: a package's authenticity rests on Debian's signatures, its identity
on the pinned hash. A source is one file of the archive's pool, known by its pinned hash alone.
"""

import argparse
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "third_party"

APT_CONFIGURATION = """\
Dir::State "{place}/state";
Dir::State::status "/dev/null";
Dir::Cache "{place}/cache";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; "arm64"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
"""

# apt's own downloader, for files that no index of the machine's sources names.
HELPER = "/usr/lib/apt/apt-helper"


def say(text):
    print("fetch: " + text, file=sys.stderr)


class Apt:
    """apt on a private state folder; the lists are refreshed once, when first needed."""

    def __init__(self, place):
        self.refreshed = False
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (place / folder).mkdir(parents=True, exist_ok=True)
        configuration = place / "apt.conf"
        configuration.write_text(APT_CONFIGURATION.format(place=place))
        self.environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}

    def run(self, *command, folder=None):
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def refresh(self):
        if not self.refreshed:
            result = self.run("apt-get", "-q", "update")
            if result.returncode != 0:
                say("apt-get update failed:\n" + result.stdout)
            self.refreshed = True

    def download(self, package, version, folder):
        """Returns the .deb's path, or None when the archive has no such version."""
        self.refresh()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        result = self.run("apt-get", "-q", "download", f"{package}={version}", folder=folder)
        files = list(folder.glob("*.deb"))
        return files[0] if result.returncode == 0 and len(files) == 1 else None

    def archive(self):
        """Returns the address of Debian's archive, as this machine's sources have it, or None."""
        self.refresh()
        form = "$(LABEL) $(COMPONENT) $(REPO_URI)"
        lines = self.run("apt-get", "indextargets", "--format", form, "Created-By: Packages").stdout
        found = re.search(r"(?m)^Debian main (\S+)$", lines)
        return found.group(1).rstrip("/") if found else None

    def download_source(self, package, name, digest, folder):
        """Returns the path of a file of the package's folder in the pool, or None."""
        archive = self.archive()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if archive is None:
            return None
        address = f"{archive}/pool/main/{package[0]}/{package}/{name}"
        words = ["download-file", address, name, "SHA256:" + digest]
        result = self.run(HELPER, *words, folder=folder)
        return folder / name if result.returncode == 0 else None

    def candidate(self, package):
        self.refresh()
        found = re.search(r"Candidate: (\S+)", self.run("apt-cache", "policy", package).stdout)
        return found.group(1) if found and found.group(1) != "(none)" else None

    def first_dependency(self, package):
        self.refresh()
        found = re.search(r"Depends: (\S+)", self.run("apt-cache", "depends", package).stdout)
        return found.group(1) if found else None


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download_present(apt, pin, folder):
    """The pinned version is gone: take what the archive holds now, signed but of another hash."""
    package = pin["package"]
    if "newest" in pin:
        dependency = apt.first_dependency(pin["newest"])
        package = f"{dependency}:{package.split(':')[1]}" if dependency else package
    version = apt.candidate(package)
    deb = apt.download(package, version, folder) if version else None
    if deb is None:
        sys.exit(
            f"fetch: {pin['package']} {pin['version']} can not be had: no network, or neither it "
            "nor a successor is in the sources of this machine's apt"
        )
    say(
        f"{pin['package']} {pin['version']} has left the archive; using its successor, which "
        f"Debian's signature vouches for but the pinned hash does not. To pin it, put into "
        f"third_party/debian.toml:\n"
        f'package = "{package}"\nversion = "{version}"\nsha256 = "{sha256(deb)}"'
    )
    return deb


def fetch(apt, pin):
    target = PLACE / pin["cpu"] / pin["name"]
    stamp = target / ".pin"
    identity = f"{pin['package']} {pin['version']} {pin['sha256']}\n"
    if stamp.exists() and stamp.read_text() == identity:
        return
    say(f"{pin['package']} {pin['version']}")
    folder = PLACE / "download" / f"{pin['cpu']}-{pin['name']}"
    deb = apt.download(pin["package"], pin["version"], folder)
    if deb is None:
        deb = download_present(apt, pin, folder)
    elif sha256(deb) != pin["sha256"]:
        sys.exit(f"fetch: {deb.name} has sha256 {sha256(deb)}, pinned is {pin['sha256']}: not used")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", deb, target], check=True)
    shutil.rmtree(folder)
    stamp.write_text(identity)


def fetch_source(apt, pin):
    target = PLACE / "source" / pin["name"]
    stamp = target / ".pin"
    identity = f"{pin['file']} {pin['sha256']}\n"
    if stamp.exists() and stamp.read_text() == identity:
        return
    say(pin["file"])
    folder = PLACE / "download" / f"source-{pin['name']}"
    file = apt.download_source(pin["package"], pin["file"], pin["sha256"], folder)
    if file is None or sha256(file) != pin["sha256"]:
        sys.exit(f"fetch: {pin['file']} with the pinned sha256 can not be had: no network, or gone")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    subprocess.run(["tar", "-xf", file, "-C", target, "--strip-components=1"], check=True)
    shutil.rmtree(folder)
    stamp.write_text(identity)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", required=True, choices=("x86_64", "aarch64", "source"))
    parser.add_argument("--group", required=True, choices=("build", "bench"))
    arguments = parser.parse_args()
    pins = tomllib.loads((ROOT / "third_party" / "debian.toml").read_text())
    apt = Apt(PLACE / "apt")
    if arguments.cpu == "source":
        for pin in pins["source"]:
            fetch_source(apt, pin)
    for pin in pins["package"]:
        if pin["cpu"] == arguments.cpu and pin["group"] == arguments.group:
            fetch(apt, pin)


if __name__ == "__main__":
    main()
