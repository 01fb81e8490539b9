# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Runs in the machine: a verified load on /dev/vdb for $SECONDS_ALL seconds; meanwhile every service
# that has a successor is killed in turn, one each $PAUSE seconds. Lines for tools/repair_demo/record.py.

cd /sys/xinim/services || exit 1
up() { cut -d' ' -f1 /proc/uptime; }
tell() {
    for s in *; do
        sed -n "s/^\(restarts\|outages\|outage_[a-z_]*us\) /stat $s &/p" "$s/stats"
    done
}
/usr/lib/xinim/disk_load -v 100 -t "$SECONDS_ALL" /dev/vdb &
load=$!
sleep 2
while kill -0 $load 2> /dev/null; do
    for s in *; do
        case $s in rs | posix) continue ;; esac
        kill -0 $load 2> /dev/null || break
        echo "kill $(up) $s"
        echo kill > "$s/ctl" || echo "refused $s"
        sleep "$PAUSE"
    done
    tell
done
wait $load
status=$?
sleep 1
tell
echo "end $status"
