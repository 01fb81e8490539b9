# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The live table in the terminal; without a terminal, a line for each kill."""

import sys

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 64  # of the throughput's line
MEBIBYTE = 1 << 20


def duration(us):
    return f"{us / 1000:.1f} ms" if us else "-"


def curve(record):
    values = [value for _, value in record.throughput()][-WIDTH:]
    top = max(values, default=0) or 1
    return "".join(BARS[round(value / top * (len(BARS) - 1))] for value in values)


def lines(record):
    last = record.progress[-1] if record.progress else (0, 0, 0, 0)
    rate = (record.throughput() or [(0, 0)])[-1][1] / MEBIBYTE
    yield f"{last[0]:7.1f} s  {last[1]} blocks written, {last[2]} verified, {last[3]} errors"
    yield f"{rate:7.1f} MiB/s  {curve(record)}"
    yield ""
    yield f"{'SERVICE':<20} {'KILLED':>7} {'RESTARTS':>9} {'OUTAGE median':>15} {'longest':>10}"
    for name, service in sorted(record.services.items()):
        if service.kills:
            yield (
                f"{name:<20} {len(service.kills):>7} {service.number('restarts'):>9}"
                f" {duration(service.number('outage_median_us')):>15}"
                f" {duration(service.number('outage_max_us')):>10}"
            )


class Table:
    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.live = stream.isatty()
        self.drawn = 0

    def update(self, record, line):
        if self.live:
            self.draw(record)
        elif line.startswith("kill"):
            print(line, file=self.stream, flush=True)

    def draw(self, record):
        text = list(lines(record))
        back = f"\033[{self.drawn}A" if self.drawn else ""
        self.stream.write(back + "".join(f"\033[K{row}\n" for row in text))
        self.stream.flush()
        self.drawn = len(text)

    def finish(self, record):
        if self.live:
            self.draw(record)
        else:
            print("\n".join(lines(record)), file=self.stream, flush=True)
