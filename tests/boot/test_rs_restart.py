# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The reincarnation server dies, in every way and at every moment, and nothing else does: the
kernel starts it again, and it goes on where it was."""

import pytest

import guest
import recovery

RS = "/sys/xinim/services/rs"
FAULTS = recovery.FAULTS

# Who runs, as which process, started how often; without the disk driver that the load kills.
WHO = f"service list | grep -v -e '^rs ' -e '^{recovery.SERVICE} ' | awk '{{print $1, $2, $3, $5}}'"
COUNTERS = "cat /sys/xinim/kernel"


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    return recovery.make_disk(tmp_path / "disk")


def wait_for(deaths):
    return (
        f"n=0; until grep -q '^restarts {deaths}$' {RS}/stats; do"
        " n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done"
    )


def section(text, name):
    return text.split(f"== {name}\n")[1].split("== ")[0]


def test_each_way_to_die():
    """It is back each time, says of what it died, and no other service was touched."""
    ways = {
        "kill": "exit code 0",
        "restart": "exit code 0",
        "crash": "memory fault at 0x10 writing",
        "abort": "illegal instruction|exception",
        "hang": "its watchdog was not fed",
        "sleep": "its watchdog was not fed",
        "leak": "illegal instruction|exception",
    }
    script = [WHO]
    for number, way in enumerate(ways, 1):
        script += [f"echo == {way}", f"echo {way} > {RS}/ctl", wait_for(number)]
        script += [f"grep ^cause {RS}/status", f"grep -E '^(hangs|incarnation)' {RS}/stats"]
    script += ["echo == after", WHO, "dmesg | grep -c 'rs died: '"]
    text = guest.check("; ".join(script), *FAULTS)
    for way, cause in ways.items():
        assert any(words in section(text, way) for words in cause.split("|")), text
    assert "hangs 2\n" in section(text, "leak")
    assert f"incarnation {len(ways)}\n" in section(text, "leak")
    before = text.split("== ")[0]
    assert section(text, "after") == f"{before}{len(ways)}\n"
    assert before.count(" running ") >= 6


def test_any_moment_under_load(disk):
    """It dies in the middle of replacing a driver, again and again, and no program notices."""
    load = f"{recovery.LOAD} -t 250 -k {recovery.SERVICE} -p 100 -n 60 {recovery.PARTITIONS}"
    text = guest.check(
        f"{wait_for(0)}; {WHO}; echo == before; {COUNTERS}; echo == load;"
        f" {load} & n=1; while [ $n -le 30 ]; do"
        f" echo crash $((n * 23)) > {RS}/ctl || exit 8; sleep 1.2; n=$((n + 1)); done; wait;"
        f" echo == stats; cat {RS}/stats; echo == others; {recovery.OTHERS};"
        f" sleep 2; echo == after; {COUNTERS}; echo == who; {WHO}",
        "--drive",
        disk,
        *FAULTS,
    )
    assert recovery.counts(section(text, "load"))[2] == 0
    assert recovery.pauses(section(text, "load"))[0] == 60
    assert section(text, "who") == text.split("== ")[0]
    others = recovery.crashes_of_others(section(text, "others"))
    assert set(others) <= {"rs"}
    # A moment may not have come when the next one is asked for; nearly all have.
    assert recovery.values(section(text, "stats"))["restarts"] >= 25
    before, after = (recovery.values(section(text, name)) for name in ("before", "after"))
    for name in ("handles", "processes", "endpoints", "notifications", "replies", "timers"):
        assert after[name] <= before[name] + 3, f"{name}: {before[name]} -> {after[name]}"
    assert after["memories"] <= before["memories"] + 16  # one a binary: the old and the new image
    assert after["heap_bytes"] <= before["heap_bytes"] + (64 << 10)


def test_update_goes_on(disk):
    """An update that rs dies in is finished by its successor, which knows the binary later, too."""
    control = f"/sys/xinim/services/{recovery.SERVICE}"
    text = guest.check(
        f"cat {control}/stats | grep ^incarnation;"
        f" n=1; while [ $n -le 16 ]; do echo crash $((n * 17)) > {RS}/ctl;"
        f" echo update > {control}/ctl || echo failed; sleep 0.5; n=$((n + 1)); done;"
        f" cat {control}/stats | grep ^incarnation; grep ^restarts {RS}/stats;"
        f" {recovery.LOAD} -b 2 {recovery.PARTITIONS}",
        "--drive",
        disk,
        *FAULTS,
    )
    values = recovery.values(text)
    assert values["restarts"] >= 13
    assert values["incarnation"] >= 16
    # Only one whose new process was half born when rs died is rolled back, and says so.
    assert text.count("failed") <= 8, text
    assert recovery.counts(text)[2] == 0


@guest.once
@pytest.mark.parametrize("moment", [1, 2, 9, 60, 170, 400])
def test_dying_while_the_system_starts(moment):
    """Before its first commit it begins anew; after it, it goes on. The system starts."""
    lines = guest.check(
        f"n=0; while service list | grep -q ' starting '; do n=$((n + 1)); [ $n -lt 50 ] || exit 9;"
        f" sleep 0.1; done; service list; dmesg | grep -c 'rs: rs died'",
        "--append",
        f"xinim.faults=1 xinim.rs_crash={moment}",
    ).splitlines()
    assert lines.pop() == "1", lines
    services = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert set(services.values()) == {"running"}, lines
    assert len(services) >= 8


@guest.once
def test_damaged_state_is_not_trusted():
    result = guest.run(f"echo garbage > {RS}/ctl; sleep 60", *FAULTS, seconds=90)
    assert result.status != 0
    assert b"what rs knew is damaged (its head): the machine restarts" in result.console


@guest.once
def test_dying_all_the_time_ends():
    """The kernel gives up an rs that dies faster than once a second for long, and says why."""
    result = guest.run(
        f"while true; do echo crash > {RS}/ctl; done; sleep 60", *FAULTS, seconds=120
    )
    assert result.status != 0
    assert b"KERNEL PANIC" in result.console
    assert b"rs died 31 times in a row, at last of cause 3" in result.console


@guest.once
def test_who_may():
    text = guest.check(
        f"for f in crash abort hang sleep leak garbage; do echo $f > {RS}/ctl; done 2>&1;"
        f" su -s /bin/sh nobody -c 'echo kill > {RS}/ctl' 2>&1;"
        f" sh -c 'echo stop > {RS}/ctl' 2>&1; cat {RS}/stats | grep ^restarts; service restart rs;"
        f" {wait_for(1)}; grep ^crashes {RS}/stats"
    )
    errors = [line.rsplit(": ", 1)[-1] for line in text.splitlines()]
    assert errors[:7] == ["Operation not permitted"] * 7, text
    assert errors[7:] == ["Device or resource busy", "restarts 0", "crashes 0"], text
