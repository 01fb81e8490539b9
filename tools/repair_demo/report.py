# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The report: one HTML page with its drawings in it. Throughput over time with a mark for every
kill, all outages as a histogram, and a table of the services."""

import collections
import html

from repair_demo.table import duration

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 260, 70, 30, 20
COLOURS = ["#c0392b", "#2471a3", "#b9770e", "#1e8449", "#7d3c98", "#148f77", "#a04000", "#5d6d7e"]
MEBIBYTE = 1 << 20

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 2em auto; padding: 0 1em; }
body { color: #222; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
svg { width: 100%; height: auto; } text { font: 12px system-ui, sans-serif; fill: #555; }
table { border-collapse: collapse; } td, th { padding: .2em .9em; text-align: right; }
td:first-child, th:first-child { text-align: left; } tr + tr { border-top: 1px solid #ddd; }
.good { color: #1e8449; } .bad { color: #c0392b; } .key { display: inline-block; width: .8em;
height: .8em; margin-right: .5em; }
"""


def svg(parts):
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def text(x, y, words, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def line(x1, y1, x2, y2, colour, title=""):
    inner = f"<title>{html.escape(title)}</title>" if title else ""
    where = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {where} stroke="{colour}" stroke-width="1.5">{inner}</line>'


def round_up(value):
    """The next of 1, 2, 5, 10, 20 ..."""
    step = 1
    while step < value:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def throughput(record, colours):
    points = record.throughput()
    if not points:
        return "<p>Nothing was written.</p>"
    first, last = points[0][0], points[-1][0]
    top = round_up(max(value for _, value in points) / MEBIBYTE)

    def x(seconds):
        return LEFT + (seconds - first) / max(last - first, 1e-9) * (WIDTH - LEFT - 10)

    def y(value):
        return HEIGHT - BOTTOM - value / MEBIBYTE / top * (HEIGHT - BOTTOM - TOP)

    parts = []
    for i in range(5):
        level = top * i / 4
        parts.append(line(LEFT, y(level * MEBIBYTE), WIDTH - 10, y(level * MEBIBYTE), "#e5e5e5"))
        parts.append(text(LEFT - 8, y(level * MEBIBYTE) + 4, f"{level:g} MiB/s", "end"))
    step = round_up((last - first) / 10)
    second = (int(first) // step + 1) * step
    while second <= last:
        parts.append(text(x(second), HEIGHT - 8, f"{second} s"))
        second += step
    for seconds, name in record.kills():
        if first <= seconds <= last:
            title = f"{name} killed at {seconds:.2f} s"
            parts.append(line(x(seconds), TOP, x(seconds), HEIGHT - BOTTOM, colours[name], title))
    path = " ".join(f"{x(seconds):.1f},{y(value):.1f}" for seconds, value in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="#222" stroke-width="1.3"/>')
    return svg(parts)


def histogram(record):
    counts = collections.Counter()
    for service in record.services.values():
        for bound, count in service.outages().items():
            power = 250  # us; each bar twice as wide as the one before
            while power < bound:
                power *= 2
            counts[power] += count
    if not counts:
        return "<p>Nothing was killed.</p>"
    bounds = [min(counts)]
    while bounds[-1] < max(counts):
        bounds.append(bounds[-1] * 2)
    top = max(counts.values())
    width = (WIDTH - LEFT) / len(bounds)
    parts = []
    for i, bound in enumerate(bounds):
        height = counts[bound] / top * (HEIGHT - BOTTOM - TOP - 15)
        at = HEIGHT - BOTTOM - height
        parts.append(
            f'<rect x="{LEFT + i * width + 3:.1f}" y="{at:.1f}" width="{width - 6:.1f}"'
            f' height="{height:.1f}" fill="#2471a3"/>'
        )
        middle = LEFT + (i + 0.5) * width
        if counts[bound]:
            parts.append(text(middle, at - 5, str(counts[bound])))
        parts.append(text(middle, HEIGHT - 10, f"≤ {bound / 1000:g} ms"))
    return svg(parts)


def table(record, colours):
    rows = ["<tr><th>service<th>killed<th>restarts<th>outage: median<th>longest</tr>"]
    for name in sorted(colours):
        service = record.services[name]
        key = f'<span class="key" style="background:{colours[name]}"></span>'
        rows.append(
            f"<tr><td>{key}{html.escape(name)}<td>{len(service.kills)}"
            f"<td>{service.number('restarts')}"
            f"<td>{duration(service.number('outage_median_us'))}"
            f"<td>{duration(service.number('outage_max_us'))}</tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def page(record, machine):
    killed = sorted(name for name, service in record.services.items() if service.kills)
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(killed)}
    good = record.succeeded()
    verdict = ("good", "No error, no mismatch.") if good else ("bad", "FAILED.")
    problems = "".join(f"<li>{html.escape(problem)}" for problem in record.problems)
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>XINIM: every service dies, no program notices</title>
<style>{STYLE}</style>
<h1>XINIM: every service dies, no program notices</h1>
<p>A program wrote blocks with sequence numbers and checksums to a raw disk, synced, read them back
and verified them, while {len(record.kills())} times a service was killed.
{html.escape(machine)}</p>
<p class="{verdict[0]}"><b>{verdict[1]}</b> {html.escape(record.result)}</p><ul>{problems}</ul>
<h2>Bytes written and verified; a line is a kill</h2>
{throughput(record, colours)}
<h2>From death to the successor's readiness, all services</h2>
{histogram(record)}
<h2>Services</h2>
{table(record, colours)}
</html>
"""
