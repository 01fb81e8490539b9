#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Searches a Spin model: as it stands it must hold, and with any of the rules named it must fail (each is a macro that
# takes something away from the protocol), which shows that the model can see that fault.
# Exit status 0: all as expected; 77: spin is not installed.
# usage: check_model.sh MODEL.pml RULE...

set -eu
model=$(realpath "$1")
shift
command -v spin >/dev/null || exit 77
CC=${CC:-clang-14}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Prints the errors of a full search; a search that was cut short is none.
search() {
    spin -P"$CC -E -x c" "$@" -a "$model" >/dev/null
    "$CC" -O0 -w -DSAFETY -DCOLLAPSE -o pan pan.c
    ./pan -m1000000 >log
    grep -q -e 'max search depth too small' -e 'out of memory' log && exit 1
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' log
}

failed=0
errors=$(search)
echo "as it stands: ${errors:-?} errors"
[ "$errors" = 0 ] || failed=1
for rule; do
    errors=$(search "-D$rule")
    echo "$rule: ${errors:-?} errors"
    [ "${errors:-0}" != 0 ] || failed=1
done
exit $failed
