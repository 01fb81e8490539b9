# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""./run -- COMMAND: output, status and power-off come through exactly."""

import hashlib

import pytest

import guest

BUSYBOX = guest.BUSYBOX


def test_busybox_is_debians_file():
    digest = hashlib.sha256(BUSYBOX.read_bytes()).hexdigest()
    assert guest.check("sha256sum /bin/busybox") == f"{digest}  /bin/busybox\n"


def test_output_and_error_are_apart():
    result = guest.run("echo out; echo err >&2; exit 7")
    assert (result.status, result.out, result.err) == (7, b"out\n", b"err\n")


@pytest.mark.parametrize("status", [0, 1, 127, 255])
def test_status_is_passed_on(status):
    assert guest.run(f"exit {status}").status == status


def test_death_by_signal_is_seen():
    result = guest.run("sh -c 'kill -SEGV $$'; echo $?; kill -KILL $$")
    assert result.out == b"139\n"
    assert result.err.startswith(b"Segmentation fault")
    assert result.status == 128 + 9


def test_large_binary_output_is_complete():
    size = 8 << 20
    result = guest.run(f"head -c {size} /dev/zero | tr '\\0' '\\377'; printf end >&2")
    assert result.status == 0
    assert hashlib.sha256(result.out).digest() == hashlib.sha256(b"\xff" * size).digest()
    assert result.err == b"end"


def test_standard_input_is_empty():
    assert guest.check("cat; wc -c") == "0\n"


def test_left_over_background_process_does_not_hold_the_machine():
    assert guest.run("sleep 1000 & echo started").out == b"started\n"


@pytest.mark.parametrize("processors", [1, 2, 4, 8])
def test_processors(processors):
    command = "nproc; grep -c ^processor /proc/cpuinfo"
    assert guest.check(command, "--smp", processors) == f"{processors}\n{processors}\n"
