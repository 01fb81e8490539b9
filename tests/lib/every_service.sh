# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# Runs in the machine: verified loads on two disks, while every service that has a successor gets
# each of $FAULTS in turn, $ROUNDS times. Lines that begin with FAIL say what was wrong; then
# "service NAME STATE RESTARTS" for each. For tests/boot/test_every_service.py.

cd /sys/xinim/services || exit 1
restarts() { sed -n 's/^restarts //p' "$1/stats"; }
state() { sed -n 's/^state: *//p' "$1/status"; }

write_and_verify() {
    while [ ! -e /tmp/stop ]; do
        /usr/lib/xinim/disk_load -t 5 /dev/vdb1 /dev/vdb2 || echo "FAIL disk_load"
    done
}

# Each time anew through ext4, the driver, and devmgr, which is asked for the disk.
mount_and_read() {
    while [ ! -e /tmp/stop ]; do
        mount -t ext4 -o ro /dev/vdc /mnt || echo "FAIL mount"
        sha256sum /mnt/file* >> /tmp/sums || echo "FAIL read"
        umount /mnt || echo "FAIL umount"
    done
}

# Waits until the service can take the fault, and then for its successor.
inject() {
    before=$(restarts "$1")
    tries=0
    until echo "$2" > "$1/ctl" || [ $tries -ge 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done 2> /dev/null
    until [ "$(restarts "$1")" -gt "$before" ] && [ "$(state "$1")" = running ]; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || { echo "FAIL $1 is not back after $2"; break; }
        sleep 0.05
    done
}

write_and_verify &
writer=$!
mount_and_read &
reader=$!
for round in $(seq "$ROUNDS"); do
    for s in *; do
        case $s in rs | posix) continue ;; esac
        for fault in $FAULTS; do inject "$s" "$fault"; done
    done
done
touch /tmp/stop
wait $writer
wait $reader
echo "sums $(sort -u /tmp/sums | wc -l) of $(wc -l < /tmp/sums)"
for s in *; do echo "service $s $(state "$s") $(restarts "$s")"; done
