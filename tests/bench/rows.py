# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What is measured, and what it is to reach.

Limits of the kernel's rows are seL4's counts, x86_64 (pc99) and aarch64 (virt, Cortex-A53), release
build, sel4bench of 2026-08, measured in the same way. Limits of the system calls are multiples of
Linux's count, measured in the same run.
"""

import dataclasses


@dataclasses.dataclass
class KernelRow:
    name: str
    what: str
    x86_64: int | None = None  # instructions, at most
    aarch64: int | None = None


@dataclasses.dataclass
class CallRow:
    name: str
    what: str
    factor: float | None = None  # of Linux's instructions, at most


KERNEL = (
    KernelRow("null", "null call", 100, 91),
    KernelRow("call-reply-0-words", "call + reply, other address space, 0 words", 428, 406),
    KernelRow("call-reply-4-words", "call + reply, 4 words", 470),
    KernelRow("call-reply-without-fast-path", "call + reply without the fast path, 0 words", 1406),
    KernelRow("call-reply-10-words", "call + reply, 10 words (outside the fast path)", 1592, 1390),
    KernelRow("signal-no-waiter", "notification, nobody waits", 364, 384),
    KernelRow(
        "signal-to-waiter", "notification to a waiting, more urgent process, one way", 520, 497
    ),
    KernelRow("signal-waiter-and-back", "the same until it waits again and the sender runs"),
    KernelRow("interrupt-to-handler", "device interrupt to its driver's first instruction", 373),
    KernelRow("fault-user-pager-and-back", "page fault to a user pager and back", 1319, 1129),
    KernelRow("fault-user-pager-supply", "the same with supplying and mapping the page"),
    KernelRow("fault-anonymous", "fault on fresh anonymous memory"),
    KernelRow("unmap-per-touched-page", "unmapping, per touched page"),
    KernelRow("yield-two-switches", "yield to another process and back (two switches)", 558),
    KernelRow("aspace-write-1", "one byte into another address space"),
    KernelRow("aspace-write-4096", "4 KiB into another address space"),
    KernelRow("guest-syscall-and-back", "a guest's system call to its server and back"),
    KernelRow("dma-map-unmap-4096", "DMA window: map + unmap + flush, a page"),
    KernelRow("dma-map-unmap-1m", "DMA window: map + unmap + flush, 1 MiB"),
)

CALLS = (
    CallRow("getppid", "getppid", 2.0),
    CallRow("fstat", "fstat", 2.0),
    CallRow("pread-1", "pread of 1 byte, tmpfs", 2.0),
    CallRow("pread-4096", "pread of 4 KiB, cached", 1.0),
    CallRow("pwrite-4096", "pwrite of 4 KiB, tmpfs"),
    CallRow("stat", "stat, 4 components"),
    CallRow("open-close", "open + close, 4 components", 1.0),
    CallRow("create-close", "create + close, tmpfs", 1.0),
    CallRow("unlink", "unlink, tmpfs", 1.0),
    CallRow("pipe-ping-pong", "pipe ping-pong, 2 processes, round trip", 1.0),
    CallRow("futex-ping-pong", "futex ping-pong, 2 threads, round trip", 1.0),
    CallRow("futex-wake-nobody", "futex wake, nobody waits"),
    CallRow("fork-exit-wait", "fork + exit + wait", 1.0),
    CallRow("fork-exec-wait", "fork + exec (3 KB static program) + wait", 1.0),
    CallRow("vfork-exec-wait", "vfork + exec + wait"),
    CallRow("mmap-touch-munmap", "mmap + touch + munmap, 4 KiB", 1.0),
    CallRow("mmap-munmap", "mmap + munmap, 4 KiB, untouched"),
    CallRow("fault-per-page", "fresh anonymous page, per page", 1.0),
    CallRow("munmap-per-touched-page", "munmap, per touched page"),
    CallRow("sched_yield", "sched_yield, alone"),
    CallRow("clock_gettime", "clock_gettime (vDSO)"),
)

DISK_LEAST = 0.95  # with the IOMMU, of the speed without
IOMMU_PROMPT_LEAST = 0.95  # without the IOMMU, of the time with it

PROMPT_FACTOR = 0.5  # of Linux's time
FILES_FACTOR = 1.0  # of Linux's instructions
MEMORY_LIMIT_KIB = 48 * 1024
PARALLEL_LEAST = 1.7

CRASH_SEEN_US = 1000  # median: from a driver's death until rs knows
HANG_SEEN_US = 1000000  # two heartbeats
PAUSE_MEDIAN_US = 20000  # from a driver's death to the end of a read that began after it
PAUSE_LONGEST_US = 200000
