# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What the pages (*.md) name exists: links, headings, files, functions; and README links each page.

Code blocks are not looked at. In back quotes, `<name>` and `*` stand for anything, `build/...` is
what the build makes, and a name counts as an identifier when it has an underscore.
"""

import fnmatch
import functools
import pathlib
import re

from checks import ROOT, text_of, tracked_files

NAME = "links, files and names in the pages"

FENCE = re.compile(r"^```.*?^```[^\n]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FILE = re.compile(r"^[\w.*-]+(/[\w.*-]+)*\.(c|h|S|py|md|svc|def|toml|txt|sh|lds|ini|build|pml)$")
IDENTIFIER = re.compile(r"^[A-Za-z]\w*_\w*\*?(\(\))?$")
WORD = re.compile(r"\w+")
SOURCES = {".c", ".h", ".S", ".py", ".def", ".svc", ".build", ".txt", ".toml", ".lds", ".sh"}
PAGE = ".md"


@functools.cache
def names_of_files():
    return [path.as_posix() for path in tracked_files()]


@functools.cache
def folders():
    return {parent.as_posix() for path in tracked_files() for parent in path.parents}


@functools.cache
def words():
    found = set()
    for path in tracked_files():
        if path.suffix in SOURCES:
            found.update(WORD.findall(text_of(path)))
    return found


def prose(path):
    """The page with its code blocks blanked, so that line numbers stay."""
    return FENCE.sub(lambda block: "\n" * block.group().count("\n"), text_of(path))


def anchors(path):
    """As the usual renderers make them of headings."""
    made = set()
    for title in HEADING.findall(prose(path)):
        kept = re.sub(r"[^\w\- ]", "", title.strip().lower())
        made.add(kept.replace(" ", "-"))
    return made


def bad_link(path, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    parts = []
    for part in (path.parent / name).parts if name else path.parts:
        if part == "..":
            if not parts:
                return "leads out of the repository"
            parts.pop()
        else:
            parts.append(part)
    goal = pathlib.PurePosixPath(*parts)
    if not (ROOT / goal).exists():
        return "does not exist"
    if anchor and goal.suffix == PAGE and anchor not in anchors(goal):
        return "has no such heading"
    return None


def is_there(pattern, candidates):
    """A file is named by its path from the root or by the end of it."""
    if "*" not in pattern:
        return any(name == pattern or name.endswith("/" + pattern) for name in candidates)
    return any(
        fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, "*/" + pattern)
        for name in candidates
    )


def is_known(name):
    """Also without a prefix, as the kernel's calls (sys_) and features of formats are spoken of."""
    if name.endswith("*"):
        return any(each.startswith(name[:-1]) for each in words())
    return name in words() or any(each.lower().endswith("_" + name) for each in words())


def bad_quote(quoted):
    word = re.sub(r"<[\w-]+>", "*", quoted).removeprefix("./")
    if word.startswith("build/"):
        return None
    top = word.partition("/")[0]
    if FILE.match(word):
        return None if is_there(word, names_of_files()) else "no such file"
    if "/" in word and top in folders() and re.match(r"^[\w.*/-]+$", word):
        known = is_there(word.rstrip("/"), [*folders(), *names_of_files()])
        return None if known else "no such folder"
    if IDENTIFIER.match(word):
        return None if is_known(word.removesuffix("()")) else "the sources do not know this name"
    return None


def complaints_of(path):
    for number, line in enumerate(prose(path).splitlines(), 1):
        for target in LINK.findall(line):
            if reason := bad_link(path, target):
                yield f"{path}:{number}: link to {target}: {reason}"
        for quoted in QUOTED.findall(line):
            if reason := bad_quote(quoted):
                yield f"{path}:{number}: `{quoted}`: {reason}"


def check():
    pages = [path for path in tracked_files() if path.suffix == PAGE]
    complaints = [text for path in pages for text in complaints_of(path)]
    readme = set(LINK.findall(prose(pathlib.PurePosixPath("README.md"))))
    complaints += [
        f"README.md: does not link {path}"
        for path in pages
        if path.parts[0] == "docs" and path.as_posix() not in readme
    ]
    return complaints
