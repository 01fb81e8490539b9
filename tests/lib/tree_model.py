# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Random changes to a tree of files as a shell script, and what the tree must be afterwards."""

import os
import pathlib
import random
import subprocess

TOOLS = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}


class Tree:
    """`files`: path -> the contents' own list (hard links share it); `folders`; `links`."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folders = [""]
        self.files = {}
        self.links = {}
        self.number = 0

    def new_path(self):
        self.number += 1
        long = "x" * self.random.choice([0, 0, 0, 40, 200])
        return f"{self.random.choice(self.folders)}/n{self.number}{long}"

    def any_file(self):
        return self.random.choice(sorted(self.files))

    def make_file(self):
        path = self.new_path()
        count = self.random.choice([0, 1, 30, 700, 5000, 40000])
        self.files[path] = [f"{self.number}\n" * count]
        return f"yes {self.number} | head -n {count} > .{path}"

    def append(self):
        path = self.any_file()
        count = self.random.choice([1, 100, 3000])
        self.files[path][0] += "more\n" * count
        return f"yes more | head -n {count} >> .{path}"

    def overwrite(self):
        path = self.any_file()
        at = self.random.randrange(len(self.files[path][0]) + 5000)
        old = self.files[path][0].ljust(at, "\0")
        self.files[path][0] = old[:at] + "middle" + old[at + 6 :]
        return f"printf middle | dd of=.{path} bs=1 seek={at} conv=notrunc 2>/dev/null"

    def truncate(self):
        path = self.any_file()
        size = self.random.randrange(len(self.files[path][0]) + 3000)
        self.files[path][0] = self.files[path][0][:size].ljust(size, "\0")
        return f"truncate -s {size} .{path}"

    def make_folder(self):
        path = self.new_path()
        self.folders.append(path)
        return f"mkdir .{path}"

    def symbolic_link(self):
        path = self.new_path()
        self.links[path] = "t" * self.random.choice([1, 59, 60, 61, 900])
        return f"ln -s {self.links[path]} .{path}"

    def hard_link(self):
        path, old = self.new_path(), self.any_file()
        self.files[path] = self.files[old]
        return f"ln .{old} .{path}"

    def remove(self):
        path = self.any_file()
        del self.files[path]
        return f"rm .{path}"

    def rename(self):
        path, old = self.new_path(), self.any_file()
        if self.random.random() < 0.3 and len(self.files) > 1:
            path = self.random.choice([one for one in sorted(self.files) if one != old])
            if self.files[path] is self.files[old]:
                return ":"  # two names of one file: rename does nothing
        self.files[path] = self.files.pop(old)
        return f"mv .{old} .{path}"

    def rename_folder(self):
        if len(self.folders) == 1:
            return ":"
        old = self.random.choice(self.folders[1:])
        self.number += 1
        outside = [one for one in self.folders if not (one + "/").startswith(old + "/")]
        new = f"{self.random.choice(outside)}/d{self.number}"

        def moved(path):
            return new + path[len(old) :] if (path + "/").startswith(old + "/") else path

        self.folders = [moved(path) for path in self.folders]
        self.files = {moved(path): text for path, text in self.files.items()}
        self.links = {moved(path): text for path, text in self.links.items()}
        return f"mv .{old} .{new}"

    def remove_folder(self):
        if len(self.folders) == 1:
            return ":"
        old = self.random.choice(self.folders[1:])

        def stays(path):
            return not (path + "/").startswith(old + "/")

        self.folders = [path for path in self.folders if stays(path)]
        self.files = {path: text for path, text in self.files.items() if stays(path)}
        self.links = {path: text for path, text in self.links.items() if stays(path)}
        return f"rm -r .{old}"

    def step(self):
        kinds = [self.make_file] * 5 + [self.make_folder, self.symbolic_link, self.rename_folder]
        if self.random.random() < 0.05:
            kinds.append(self.remove_folder)
        if self.files:
            kinds += [self.append, self.overwrite, self.truncate, self.hard_link, self.rename] * 2
            kinds += [self.remove] * 3
        return self.random.choice(kinds)()

    def script(self, steps):
        """Each line must succeed."""
        return "".join(f"{self.step()} || fail {number}\n" for number in range(steps))


def check_disk(image, partition_offset=0):
    """What e2fsck says of an ext4 file system, which must be that it is sound."""
    name = f"{image}?offset={partition_offset}" if partition_offset else image
    done = subprocess.run(
        ["e2fsck", "-fn", name], capture_output=True, text=True, env=TOOLS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def compare(image, tree, folder):
    """The disk's tree, taken out by debugfs, is the model's."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    subprocess.run(
        ["debugfs", "-R", f"rdump / {folder}", image], capture_output=True, env=TOOLS, check=True
    )
    found = {
        "/" + str(pathlib.Path(at, name).relative_to(folder)): pathlib.Path(at, name)
        for at, folders, files in os.walk(folder)
        for name in folders + files
    }
    found.pop("/lost+found", None)
    expected = set(tree.files) | set(tree.links) | set(tree.folders[1:])
    assert set(found) == expected, sorted(set(found) ^ expected)
    for path, text in tree.files.items():
        assert found[path].read_text() == text[0], path
    for path, text in tree.links.items():
        assert str(found[path].readlink()) == text, path
