# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""service: the command that shows services and gives orders to rs."""

import guest


def rows(text):
    """The table's lines, by service."""
    words = [line.split(maxsplit=6) for line in text.splitlines()]
    return {row[0]: row for row in words if len(row) == 7}


def test_list_and_kill():
    text = guest.check(
        "service list; service kill virtio_blk.0 && sleep 1; echo ==; service list;"
        " service status virtio_blk.0; service log virtio_blk.0"
    )
    before, after = (rows(part) for part in text.split("=="))
    assert before["SERVICE"][:4] == ["SERVICE", "STATE", "PID", "UP"]
    assert before["virtio_blk.0"][1] == "running" and before["virtio_blk.0"][4] == "0"
    assert before["virtio_blk.0"][6] == "-"
    assert after["virtio_blk.0"][1] == "running" and after["virtio_blk.0"][4] == "1"
    assert after["virtio_blk.0"][2] != before["virtio_blk.0"][2]
    assert "killed" in after["virtio_blk.0"][6]
    assert "binary:      virtio_blk" in text
    assert "512-byte blocks" in text


def test_errors_say_what_to_do():
    text = guest.check(
        "exec 2>&1; service kill nobody; echo $?; service status ../rs; echo $?; service; echo $?;"
        " service watch 0; echo $?; service watch 0.1 2 | grep -c SERVICE;"
        " su -s /bin/sh nobody -c 'service kill log'; echo $?; service list | grep -c '^log '"
    )
    assert "service: nobody: no such service; `service list` shows them\n1\n" in text
    assert "service: ../rs: not the name of a service" in text
    assert text.count("usage: service list") == 2
    assert "\n2\n2\nservice: log: only root may do that\n1\n1\n" in text
