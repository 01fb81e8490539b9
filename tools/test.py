#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make test: runs the suites and closes with one line "N passed, N failed".

Suites, in this order (name some to run only these): checks of the sources, unit tests on this
machine; for each processor the boot scenarios and the differential test, several side by side, as
most of them wait more than they compute. Each one's full output is in build/test/<suite>.log. A
suite that ends without its own closing line counts as a failure, so nothing that broke is passed
over. What failed is named once more at the end, as suites run side by side.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import check

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test"
HOST = ROOT / "build" / "host"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's pytest
UNIT_SECONDS = 600
SHOWN_LINES = 60
SHOWN_WIDTH = 160


class Suite:
    """Counts, and the output that a failure shows."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.log = []

    def say(self, text):
        self.log.append(text)

    def failures(self):
        """What failed, a line each, as the suites' own logs name it."""
        lines = "\n".join(self.log).splitlines()
        return [line[:SHOWN_WIDTH] for line in lines if re.match(r"(FAIL|FAILED|ERROR) ", line)]

    def finish(self, seconds):
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / f"{self.name}.log").write_text("\n".join(self.log) + "\n")
        text = f"{self.name}: {self.passed} passed, {self.failed} failed ({seconds:.0f} s)\n"
        if self.failed:
            shown = "\n".join(self.log).splitlines()[-SHOWN_LINES:]
            text += "".join("    " + line + "\n" for line in shown)
        print(text, end="", flush=True)


def run_checks(suite, _):
    for module in check.ALL:
        complaints = module.check()
        suite.failed += bool(complaints)
        suite.passed += not complaints
        if complaints:
            suite.say(f"FAIL {module.NAME}")
            for complaint in complaints[: check.SHOWN]:
                suite.say("  " + complaint)


def unit_tests():
    """Meson's list: each test's name, cmd, env, protocol."""
    listing = subprocess.check_output(["meson", "introspect", "--tests", HOST], text=True)
    return sorted(json.loads(listing), key=lambda test: test["name"])


def run_unit_test(test):
    """Returns the test, its status (None: timed out) and its output."""
    try:
        done = subprocess.run(
            test["cmd"],
            cwd=test["workdir"] or HOST,
            env={**os.environ, **test["env"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=UNIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return test, None, (late.stdout or b"").decode(errors="replace")
    return test, done.returncode, done.stdout.decode(errors="replace")


def judge_unit_test(suite, test, code, output):
    """A cmocka program counts by its lines; it also failed when it died, hung or ran nothing."""
    good = bad = 0
    if test["protocol"] == "tap":
        good = len(re.findall(r"^ok ", output, re.MULTILINE))
        bad = len(re.findall(r"^not ok ", output, re.MULTILINE))
    elif code == 0:
        good = 1
    broken = good + bad == 0 or (code != 0 and bad == 0)
    suite.passed += good
    suite.failed += bad + broken
    if bad or broken:
        ending = "timed out" if code is None else f"status {code}"
        suite.say(f"FAIL {test['name']}: {ending}\n{output}")


def run_unit(suite, options):
    build = subprocess.run(
        ["ninja", "-C", HOST, f"-j{options.jobs}"],
        capture_output=True,
        text=True,
        check=False,
    )
    tests = unit_tests() if build.returncode == 0 else []
    if not tests:
        suite.failed += 1
        suite.say(build.stdout + build.stderr + "no unit tests can be run")
        return
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for test, code, output in pool.map(run_unit_test, tests):
            judge_unit_test(suite, test, code, output)


def run_program(suite, command, variables):
    """A suite that prints its own closing line; the last line with these counts is taken."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    suite.say(done.stdout)
    lines = done.stdout.strip().splitlines()
    counts = dict(
        (word, int(number))
        for number, word in re.findall(
            r"(\d+) (passed|failed|errors?)\b", lines[-1] if lines else ""
        )
    )
    suite.passed = counts.get("passed", 0)
    suite.failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    if (done.returncode != 0 or suite.passed == 0) and suite.failed == 0:
        suite.failed = 1
        suite.say(f"the suite ended with {done.returncode} and no count of failures")


def environment(options):
    return {**os.environ, "XINIM_ARCH": options.arch}


def run_boot(suite, options):
    folders = [
        name for name in ("tests/boot", "tests/fault") if any((ROOT / name).glob("test_*.py"))
    ]
    command = [PYTHON, "-B", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *folders]
    run_program(suite, command, environment(options))


def run_posix(suite, options):
    run_program(suite, [PYTHON, "-B", "tests/posix/run.py"], environment(options))


SUITES = {"checks": run_checks, "unit": run_unit, "boot": run_boot, "posix": run_posix}
IN_GUESTS = ("boot", "posix")  # these once for each processor


def run(name, arch, options):
    """One suite, for one processor where it runs in guests."""
    suite = Suite(f"{name}-{arch}" if arch else name)
    start = time.monotonic()
    SUITES[name](suite, argparse.Namespace(jobs=options.jobs, arch=arch))
    suite.finish(time.monotonic() - start)
    return suite


def main():
    parser = argparse.ArgumentParser(description="run the tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--arch", nargs="+", default=["x86_64"], help="processors of the guests")
    parser.add_argument("suites", nargs="*", choices=[[], *SUITES], metavar="SUITE")
    options = parser.parse_args()
    names = options.suites or list(SUITES)
    done = [run(name, None, options) for name in names if name not in IN_GUESTS]
    guests = [(name, arch) for name in IN_GUESTS if name in names for arch in options.arch]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done += pool.map(lambda pair: run(*pair, options), guests)
    passed = sum(suite.passed for suite in done)
    failed = sum(suite.failed for suite in done)
    for suite in done:
        print("".join(f"{suite.name}: {line}\n" for line in suite.failures()), end="")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
