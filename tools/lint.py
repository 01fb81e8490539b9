#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make lint: clang-tidy over every C source of a build folder, and the checks of the test run."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import check

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = "clang-tidy-14"


def sources(build):
    commands = json.loads((build / "compile_commands.json").read_text())
    files = {(build / entry["file"]).resolve() for entry in commands}
    return sorted(path for path in files if path.suffix == ".c" and path.is_relative_to(ROOT))


def lint(build, path):
    command = [TOOL, "--quiet", "-p", build, path.relative_to(ROOT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description="look for faults in the sources")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    build = parser.parse_args().build.resolve()
    failed = check.main([])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, output in pool.map(lambda path: lint(build, path), sources(build)):
            if code != 0:
                failed = 1
                print(output)
    return failed


if __name__ == "__main__":
    sys.exit(main())
