#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Checks lib/ring/test/ring.pml with spin: the protocol must hold, and must fail without its fences (which shows that
# the model can see the fault). Exit status 0: both as expected; 77: spin is not installed.
# usage: check_model.sh MODEL.pml

set -eu
model=$(realpath "$1")
command -v spin >/dev/null || exit 77
CC=${CC:-clang-14}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Prints "errors: N" of a full search.
search() {
    spin -P"$CC -E -x c" "$@" -a "$model" >/dev/null
    "$CC" -O2 -DSAFETY -DCOLLAPSE -o pan pan.c
    ./pan -m1000000 | grep -o 'errors: [0-9]*'
}

with=$(search)
echo "with fences: $with"
without=$(search -DNO_FENCE)
echo "without fences: $without"
[ "$with" = "errors: 0" ] && [ "$without" != "errors: 0" ]
