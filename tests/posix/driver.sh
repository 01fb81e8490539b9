# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Runs every script of $1/cases, each in an empty folder and a session of its own, and prints for each a line
# "case <name> <status> <bytes>", then its standard output, and on standard error what it wrote there.

for script in "$1"/cases/*; do
    name=${script##*/}
    mkdir -p "/tmp/case/$name"
    cd "/tmp/case/$name" || exit 1
    setsid timeout -s KILL 90 sh "$script" > /tmp/output 2> /tmp/errors < /dev/null
    status=$?
    printf 'case %s %d %d\n' "$name" $status "$(stat -c %s /tmp/output)"
    cat /tmp/output
    sed "s/^/$name: /" /tmp/errors >&2
    cd / || exit 1
    rm -rf /tmp/case
done
echo end
