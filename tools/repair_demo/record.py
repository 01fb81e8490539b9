# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What happened, as guest.sh and disk_load tell it, line by line."""

import collections
import dataclasses

BLOCK = 4096
WINDOW = 5  # lines of progress


@dataclasses.dataclass
class Service:
    kills: list = dataclasses.field(default_factory=list)  # seconds since boot
    stats: dict = dataclasses.field(default_factory=dict)  # key of its file `stats` -> text

    def number(self, key):
        return int(self.stats.get(key, 0))

    def outages(self):
        """Upper bound in us -> how many were not longer."""
        words = (word.split(":") for word in self.stats.get("outage_histogram_us", "").split())
        return {int(bound): int(count) for bound, count in words}


class Record:
    def __init__(self):
        self.progress = []  # (seconds since boot, blocks written, blocks verified, errors)
        self.services = collections.defaultdict(Service)
        self.result = ""  # disk_load's last line
        self.problems = []
        self.status = None  # disk_load's

    def feed(self, line):
        words = line.split()
        if not words:
            return
        if words[0] == "progress" and len(words) == 5:
            self.progress.append((float(words[1]), *map(int, words[2:])))
        elif words[0] == "kill" and len(words) == 3:
            self.services[words[2]].kills.append(float(words[1]))
        elif words[0] == "stat" and len(words) >= 3:
            self.services[words[1]].stats[words[2]] = " ".join(words[3:])
        elif words[0] == "end" and len(words) == 2:
            self.status = int(words[1])
        elif line.startswith("disk_load: FAIL") or words[0] == "refused":
            self.problems.append(line)
        elif words[0] == "disk_load:":
            self.result = line

    def kills(self):
        """(seconds, service), the first one first."""
        return sorted((time, name) for name, one in self.services.items() for time in one.kills)

    def throughput(self):
        """(seconds, bytes a second written and verified), each over a round of writing, syncing and
        reading or two."""
        pairs = zip(self.progress, self.progress[WINDOW:])
        return [
            ((a[0] + b[0]) / 2, (b[1] + b[2] - a[1] - a[2]) * BLOCK / (b[0] - a[0]))
            for a, b in pairs
            if b[0] > a[0]
        ]

    def succeeded(self):
        return self.status == 0 and not self.problems
