#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Installs the Debian packages of third_party/packages.txt that are missing, as root or through sudo.

set -e
cd "$(dirname "$0")/.."

fail() {
    echo "packages: $*" >&2
    exit 1
}

list_missing() {
    sed 's/[[:space:]]*#.*//; /^$/d' third_party/packages.txt | while read -r name; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null) || true
        [ "$status" = installed ] || printf '%s ' "$name"
    done
}

command -v dpkg-query > /dev/null || fail "this build needs Debian 12 (no dpkg-query here)"
missing=$(list_missing)
[ -n "$missing" ] || exit 0
echo "packages: installing $missing" >&2
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo > /dev/null; then
    as_root=sudo
else
    fail "not root and no sudo; install by hand: $missing"
fi
# Lists may be absent or old on a fresh machine; whether this worked, the installation tells.
$as_root apt-get -q update >&2 || true
# shellcheck disable=SC2086 # names are words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2 ||
    fail "apt-get could not install: $missing"
missing=$(list_missing)
[ -z "$missing" ] || fail "still missing: $missing"
