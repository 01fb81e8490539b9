# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""From measurements to lines with a verdict, and those as text and as Markdown.

A missing number stays missing.
"""

import re

import filesystem
import rows

START = "<!-- measured on {} -->"
END = "<!-- end of {} -->"
VERDICT = {True: "met", False: "NOT met", None: ""}

BARE = "bare: "  # before what a client without recoverability does


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def micro(nanoseconds):
    return None if nanoseconds is None else nanoseconds / 1000


def verdict(value, limit):
    return None if value is None or limit is None else value <= limit


def kernel_table(data):
    counts, times = data["kernel_counts"], data["kernel_times"]
    head = ("kernel primitive", "instructions", "to reach", "", "wall us")
    lines = []
    for row in rows.KERNEL:
        limit = getattr(row, data["arch"])
        count = counts.get(row.name, (None, None))[0]
        time = times.get(row.name, (None, None))[1]
        lines.append(
            (
                row.what,
                number(count),
                number(limit),
                VERDICT[verdict(count, limit)],
                number(micro(time), 2),
            )
        )
    return head, lines


def call_table(data):
    xinim, linux = data["xinim_counts"], data["linux_counts"]
    defaults, xinim_times = data["linux_default_counts"], data["xinim_times"]
    linux_times = data["linux_times"]
    head = ("Linux system call", "XINIM", "Linux", "ratio", "to reach", "")
    head += ("Linux, defaults", "XINIM us", "Linux us")
    lines = []
    for row in rows.CALLS:
        ours = xinim.get(row.name, (None, None))[0]
        theirs = linux.get(row.name, (None, None))[0]
        ratio = ours / theirs if ours and theirs else None
        lines.append(
            (
                row.what,
                number(ours),
                number(theirs),
                number(ratio, 2),
                number(row.factor, 1),
                VERDICT[verdict(ratio, row.factor)],
                number(defaults.get(row.name, (None, None))[0]),
                number(micro(xinim_times.get(row.name, (None, None))[1]), 1),
                number(micro(linux_times.get(row.name, (None, None))[1]), 1),
            )
        )
    return head, lines


def system_table(data):
    head = ("whole system", "XINIM", "Linux", "to reach", "")
    ours, theirs = data["xinim_prompt_seconds"], data["linux_prompt_seconds"]
    limit = theirs * rows.PROMPT_FACTOR if theirs else None
    memory = data["memory_kib"]
    speedup = data["parallel_xinim"]
    lines = [
        (
            "power-on to the shell's prompt, s",
            number(ours, 2),
            number(theirs, 2),
            f"at most {number(limit, 2)}",
            VERDICT[verdict(ours, limit)],
        ),
        (
            "memory in use at the prompt, MiB",
            number(memory and memory / 1024, 1),
            "-",
            f"under {rows.MEMORY_LIMIT_KIB // 1024}",
            VERDICT[verdict(memory, rows.MEMORY_LIMIT_KIB)],
        ),
        (
            "two sha256sum on 2 CPUs, times faster than one after the other",
            number(speedup, 2),
            number(data["parallel_linux"], 2),
            f"at least {rows.PARALLEL_LEAST}",
            VERDICT[None if speedup is None else speedup >= rows.PARALLEL_LEAST],
        ),
    ]
    return head, lines


def filesystem_table(data):
    head = ("ext4 on virtio-blk", "XINIM, M instructions", "Linux", "ratio", "to reach", "")
    head += ("XINIM, s", "Linux, s")
    counts, times = data.get("filesystem_counts") or {}, data.get("filesystem_seconds") or {}
    lines = []
    for name, what in filesystem.STEPS:
        ours, theirs = counts.get(name, (None, None))
        ratio = ours / theirs if ours is not None and theirs else None
        lines.append(
            (
                what,
                number(ours),
                number(theirs),
                number(ratio, 2),
                number(rows.FILES_FACTOR, 1),
                VERDICT[verdict(ratio, rows.FILES_FACTOR)],
                *(number(time, 2) for time in times.get(name, (None, None))),
            )
        )
    return head, lines


def ratios(pair, quickness):
    """What was measured with the IOMMU and without, and how quick the first is, of the second."""
    ours, without = pair or ({}, {})
    for what, value in ours.items():
        other = without.get(what)
        yield what, value, other, quickness(value, other) if value and other else None


def disk_lines(unit, ours, linux, quickness):
    theirs = {what: ratio for what, _, _, ratio in ratios(linux, quickness)}
    for what, value, without, ratio in ratios(ours, quickness):
        if not what.startswith(BARE):
            yield (
                f"virtio-blk, {what}, {unit}",
                number(value),
                number(without),
                number(ratio, 2),
                f"at least {rows.DISK_LEAST}",
                VERDICT[None if ratio is None else ratio >= rows.DISK_LEAST],
                number(theirs.get(what), 2),
            )


def confinement_table(data):
    head = ("confinement", "with IOMMU", "without", "quickness", "to reach", "", "Linux's")
    lines = [
        *disk_lines(
            "instructions a request",
            data.get("disk_counts"),
            data.get("linux_disk_counts"),
            lambda ours, without: without / ours,
        ),
        *disk_lines(
            "requests/s",
            data.get("disk_speeds"),
            data.get("linux_disk_speeds"),
            lambda ours, without: ours / without,
        ),
    ]
    ours, other = data["xinim_prompt_seconds"], data.get("unprotected_prompt_seconds")
    ratio = other / ours if ours and other else None
    lines.append(
        (
            "power-on to the shell's prompt, s",
            number(ours, 2),
            number(other, 2),
            number(ratio, 2),
            f"at least {rows.IOMMU_PROMPT_LEAST}",
            VERDICT[None if ratio is None else ratio >= rows.IOMMU_PROMPT_LEAST],
            "-",
        )
    )
    return head, lines


def repair_table(data):
    head = ("self-repair, virtio-blk under a verified load", "measured", "to reach", "")
    kill, crash, hang = (data.get(f"repair_{how}") or {} for how in ("kill", "crash", "hang"))
    wanted = (
        ("crash to detection by rs, median, us", crash, "detection_median_us", rows.CRASH_SEEN_US),
        ("crash to detection by rs, longest, us", crash, "detection_longest_us", None),
        ("hang to detection by rs, longest, us", hang, "detection_longest_us", rows.HANG_SEEN_US),
        ("death to the next read's end, median, us", kill, "pause_median_us", rows.PAUSE_MEDIAN_US),
        ("the same, nine of ten, us", kill, "pause_90_us", None),
        ("the same, longest, us", kill, "pause_longest_us", rows.PAUSE_LONGEST_US),
        ("hang to the next read's end, median, us", hang, "pause_median_us", None),
    )
    lines = [
        (
            what,
            number(values.get(key)),
            f"at most {number(limit)}" if limit else "-",
            VERDICT[verdict(values.get(key), limit)],
        )
        for what, values, key, limit in wanted
    ]
    return head, lines


def cost_table(data):
    """What the library costs that can finish requests with a successor, in one and the same run."""
    head = ("cost of recoverability, no fault", "with", "without", "with / without")
    lines = []
    for key, unit in (("disk_counts", "instructions a request"), ("disk_speeds", "requests/s")):
        found = (data.get(key) or [{}])[0]
        for what, without in found.items():
            ours = found.get(what.removeprefix(BARE))
            if what.startswith(BARE) and ours and without:
                lines.append(
                    (
                        f"virtio-blk, {what.removeprefix(BARE)}, {unit}",
                        number(ours),
                        number(without),
                        number(ours / without, 2),
                    )
                )
    return head, lines


def tables(data):
    return [
        kernel_table(data),
        call_table(data),
        system_table(data),
        filesystem_table(data),
        confinement_table(data),
        repair_table(data),
        cost_table(data),
    ]


def text(data):
    parts = []
    for head, lines in tables(data):
        widths = [max(map(len, column)) for column in zip(head, *lines)]
        for line in (head, *lines):
            cells = [line[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
            parts.append("  ".join(cells).rstrip())
        parts.append("")
    return "\n".join(parts)


def markdown(data):
    parts = ["Measured on " + data["host"] + ".\n"]
    for head, lines in tables(data):
        parts.append("| " + " | ".join(head) + " |")
        parts.append("|---|" + "--:|" * (len(head) - 1))
        parts += ["| " + " | ".join(line) + " |" for line in lines]
        parts.append("")
    return "\n".join(parts)


def update_page(page, data):
    """Replaces what stands between the two marks of the processor."""
    old = page.read_text()
    start, end = (mark.format(data["arch"]) for mark in (START, END))
    new, count = re.subn(
        re.escape(start) + ".*" + re.escape(end),
        lambda _: f"{start}\n{markdown(data)}\n{end}",
        old,
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"{page}: the marks of the measured part are missing")
    page.write_text(new)
