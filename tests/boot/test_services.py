# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The reincarnation server and the log server, driven from inside (tests/guest/rs/)."""

import pytest

import guest
import native


@pytest.mark.parametrize("processors", [1, 2])
def test_services(processors):
    native.run("rs_test", "--smp", processors)


def test_services_that_need_each_other():
    native.run("repair_test")


def test_real_drivers_come_back():
    native.run("revive_test", root=guest.BUILD / "root.img")
