#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Runs the checks of the source tree: tools/check.py [--format to lay the sources out first]."""

import argparse
import sys

from checks import includes, layout, length, licence, pages, syscall_page, words

SHOWN = 40
ALL = (includes, licence, length, layout, words, syscall_page, pages)


def main(words=None):
    parser = argparse.ArgumentParser(description="check the source tree")
    parser.add_argument("--format", action="store_true", help="lay the C sources out and stop")
    if parser.parse_args(words).format:
        layout.write()
        return 0
    failed = 0
    for module in ALL:
        complaints = module.check()
        failed += bool(complaints)
        print(f"{'FAIL' if complaints else 'ok  '} {module.NAME}")
        for complaint in complaints[:SHOWN]:
            print("     " + complaint)
        if len(complaints) > SHOWN:
            print(f"     and {len(complaints) - SHOWN} more")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
