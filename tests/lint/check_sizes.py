#!/usr/bin/env python3
"""Rooms stay small: a header has 150 lines at most, a source 300, a function 60; and a folder 30 files.

What is larger says why, in a comment that begins with "Over the rule:": a file above its first namespace, a function in
the comment above it or in its first lines. Tests are free: a table of cases is as long as it has cases.
"""

import collections
import pathlib
import re
import sys

import sources

LINES = {".h": 150, ".cpp": 300}
FUNCTION_LINES = 60
FOLDER_FILES = 30
FOLDERS = ("misc", "net", "logic", "proc", "testing", "client-sim", "bench", "examples")
FLOORS = ("misc", "net", "logic", "proc", "testing", "client-sim")
REASON = re.compile(r"//\s*Over the rule: \w+")
CONTAINER = re.compile(r"(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|enum|union|extern)\b", re.DOTALL)
LABEL = re.compile(r"^\s*(?:public|private|protected)\s*:")

def functions(text: str) -> list[tuple[int, int]]:
    """First and last line, from 0, of each function's definition in `text`."""
    code = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", lambda m: re.sub(r"[^\n]", " ", m[0]), sources.strip_comments_and_strings(text),
                  flags=re.MULTILINE)
    found, open_blocks, head = [], [], 0  # of each open block: is it a container, the function's first line
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if match[0] == "{":
            words = LABEL.sub("", code[head:at])
            is_initialiser = code[at - 1 : at] not in (" ", "\n", "")
            in_container = all(block[0] for block in open_blocks)
            is_container = bool(CONTAINER.match(words.strip()))
            first = None
            if in_container and not is_container and not is_initialiser and "(" in words:
                first = code.count("\n", 0, head + len(code[head:at]) - len(code[head:at].lstrip()))
            open_blocks.append((is_container, first, is_initialiser))
            if is_initialiser:
                continue
        elif match[0] == "}":
            _, first, is_initialiser = open_blocks.pop()
            if first is not None:
                found.append((first, code.count("\n", 0, at)))
            if is_initialiser:
                continue
        head = at + 1
    return found


def breaches(path: pathlib.Path) -> list[str]:
    """What of a file is over the rule without a reason."""
    text = path.read_text()
    lines = text.splitlines()
    found = []
    limit = LINES[path.suffix]
    top = "\n".join(lines[: next((n for n, line in enumerate(lines) if line.startswith("namespace")), len(lines))])
    if len(lines) > limit and not REASON.search(top):
        found.append(f"{path}: {len(lines)} lines, over {limit}")
    for first, last in functions(text):
        if last - first + 1 <= FUNCTION_LINES:
            continue
        above = first
        while above > 0 and lines[above - 1].lstrip().startswith("//"):
            above -= 1
        if not REASON.search("\n".join(lines[above : first + 5])):
            name = re.search(r"([\w:~]+)\(", " ".join(lines[first : first + 5]))
            found.append(f"{path}:{first + 1}: {name[1] if name else '?'} has {last - first + 1} lines, over {FUNCTION_LINES}")
    return found


def full_folders(paths: list[pathlib.Path]) -> list[str]:
    counts = collections.Counter(path.parent for path in paths if path.parts[0] in FLOORS)
    return [f"{folder}/: {count} files, over {FOLDER_FILES}" for folder, count in counts.items() if count > FOLDER_FILES]


def main() -> int:
    paths = sources.files(".h", ".cpp", folders=FOLDERS)
    found = [breach for path in paths for breach in breaches(path)] + full_folders(paths)
    print("\n".join(found) or f"{len(paths)} files keep the rule")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
