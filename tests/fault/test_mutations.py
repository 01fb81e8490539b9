# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Random changes to running drivers' code cost their own data, and nothing else: the short version
of `make mutate`, with seeds that are always the same."""

import pytest

import guest
import mutate

TRIALS = 12
GROUP = 10

# Seeds that once showed a fault of the system: driver, first seed, trials, changes in each.
REGRESSIONS = (
    # BLOCK_CHECK answered with "no such device", and the client gave the disk up
    ("virtio_blk", 10, 3, 20),
    # the disk had shrunk, said the driver, and so it stayed
    ("virtio_blk", 354, 3, 10),
    # the rings' indices were overwritten, and no successor could be attached to
    ("virtio_console", 271, 4, 5),
)


def check(name, first, trials, group):
    sums = mutate.campaign(name, trials * group, group, first)
    assert sums["good"], sums
    assert sums["trials"] == trials
    return sums


@guest.x86_64_only
@pytest.mark.parametrize("name", mutate.DRIVERS)
def test_short_campaign(name):
    sums = check(name, 5000, TRIALS, GROUP)
    assert sums["died"] >= TRIALS // 3, sums


@guest.x86_64_only
@pytest.mark.parametrize("regression", REGRESSIONS, ids=str)
def test_seeds_of_old_faults(regression):
    check(*regression)
