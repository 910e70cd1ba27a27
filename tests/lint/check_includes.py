#!/usr/bin/env python3
"""Includes go down only: every `#include "folder/…"` must be one that the table allows.

Ours are included in quotes, from the root of the tree; what is in angle brackets comes from outside.
"""

import re
import sys

import sources

ALL = ("misc", "net", "logic", "proc")
FRAMES = ("net/wire/Wire.h", "net/wire/Counters.h", "net/wire/Reasons.h", "net/wire/CFrameEncoder.h", "net/wire/CFrameDecoder.h")

# Folder -> the folders, or single headers, that it may include besides itself.
ALLOWED = {
    "misc": (),
    "net": ("misc",),
    "logic": ("misc", "net"),
    "proc": ("misc", "net", "logic"),
    "testing": ALL,
    "client-sim": ("misc", *FRAMES),
    "bench": (*ALL, "client-sim"),
    "tests": (*ALL, "testing", "client-sim"),
    "examples": (),
}
# The sub-floors of a folder, bottom to top: each includes only what stands before it, so no circle can be. "." are the files
# that stand in the folder itself; without it they may include all of its sub-floors.
SUB_FLOORS = {
    "misc": ("file", "thread", ".", "count", "config"),
    "logic": ("site", ".", "transfer", "demo"),
    "net": ("wire", "http", "config", "conn", "accept", "role", "packet", "hub", "site", "network"),
    "proc": ("sys", "sandbox", "start", "health", "worker", "workforce", "master", "server"),
    "client-sim": (
        "base", "message", "scenario", "client", "attack", "options", "load", "report", "record", "transfer", "command"
    ),
}
# Except that a unit test sees only what the folder that it mirrors sees.
UNIT = re.compile(r"tests/unit/([^/]+)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def allowed_for(path: str) -> tuple[str, ...]:
    unit = UNIT.match(path)
    if unit and unit[1] in ALLOWED:
        return (unit[1], *ALLOWED[unit[1]], "tests", "testing/CFakeClock.h")
    folder = path.split("/")[0]
    return (folder, *ALLOWED[folder])


def points_up(path: str, target: str) -> bool:
    """Whether a file of a sub-floor includes one of a sub-floor above it, or of one that the table lacks."""
    own, other = path.split("/"), target.split("/")
    if own[0] != other[0] or own[0] not in SUB_FLOORS:
        return False
    order = SUB_FLOORS[own[0]]
    own_floor, other_floor = (parts[1] if len(parts) > 2 else "." for parts in (own, other))
    if any(floor != "." and floor not in order for floor in (own_floor, other_floor)):
        return True
    if "." in (own_floor, other_floor) and "." not in order:
        return other_floor == "." and own_floor != "."
    return order.index(other_floor) > order.index(own_floor)


def problem(path: str, bracket: str, target: str) -> str | None:
    top = target.split("/")[0]
    if bracket == "<":
        return f"<{target}> is ours: use quotes" if top in ALLOWED and "/" in target else None
    if top not in ALLOWED or "/" not in target:
        # A file beside the one that includes it: examples and the consumer stand alone, as a user's project does.
        if path.startswith(("examples/", "tests/consumer/")) and "/" not in target:
            return None
        return f'"{target}" is not a path from the root of the tree'
    if not path.startswith("tests/") and points_up(path, target):
        return f'"{target}" is above {path.rsplit("/", 1)[0]}/'
    allowed = allowed_for(path)
    if top in allowed or target in allowed:
        return None
    return f'"{target}" is not below {path.rsplit("/", 1)[0]}/ (allowed: {", ".join(allowed)})'


def main() -> int:
    problems = []
    paths = sources.files(".h", ".cpp")
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            what = include and problem(path.as_posix(), include[1], include[2])
            if what:
                problems.append(f"{path}:{number}: {what}")
    print("\n".join(problems) or f"{len(paths)} files include downwards only")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
