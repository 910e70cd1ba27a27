#!/usr/bin/env python3
"""The habits of the house that a pattern can check (CONTRIBUTING.md has them all)."""

import json
import pathlib
import re
import sys

import sources

EVERYWHERE = ("",)

# What must not appear in code, comments and literals aside; where; and what to do instead.
FORBIDDEN = (
    (r"\b(?:u|nano|clock_nano)?sleep(?:_for|_until)?\s*\(", EVERYWHERE, "wait for a condition, not for time"),
    (r"\bgoto\b", EVERYWHERE, "no goto"),
    (r"\bvolatile\b", EVERYWHERE, "volatile is no synchronisation: use std::atomic"),
    (r"\bGetInstance\b", EVERYWHERE, "no singletons: dependencies come by constructor"),
    (r"\bGTEST_SKIP\b|\bDISABLED_\w+", EVERYWHERE, "a test runs, or it is not there"),
    (r"\busing\s+namespace\s+std\b", EVERYWHERE, "name what you use"),
    (r"\b\w*(?:Http|WebSocket|Tls)\w*|\b[CSE](?:Packet|Frame)\w*|\bkHttp\b", ("net/conn/", "net/role/"),
     "the roles know no protocol by name: ask CProtocol"),
    (r"\bCFrameEncoder\b", ("net/conn/", "net/role/", "net/site/", "net/network/", "logic/", "proc/"),
     "packets are encoded in net/packet"),
    (r"::(?:recv|recvmsg|send|sendmsg|sendfile|writev)\s*\(", ("net/conn/CO", "net/role/", "net/packet/", "net/http/", "net/site/"),
     "bytes are moved by CTransport"),
    (r"<fmt/core\.h>|\bfmt::(?:join|localtime)\b", EVERYWHERE, "from fmt 9 to 12 there is <fmt/format.h>, without these"),
    (r"\b(?:fork|v?fork|waitpid|waitid)\s*\(|::kill\s*\(", ("misc/", "net/", "logic/"), "processes are proc's business"),
)
# Names that begin with an underscore belong to the compiler and the system; these are theirs, and we use them.
SYSTEM_NAMES = re.compile(
    r"__(?:attribute__|cplusplus|clang__|clang_major__|GNUC__|VA_ARGS__|VA_OPT__|FILE__|LINE__|func__|has_\w+"
    r"|builtin_\w+|SANITIZE_\w+|x86_64__|aarch64__|linux__|errno_location|NR_\w+|WALL|environ)"
    r"|_exit|_Exit|_GNU_SOURCE|_LINUX_CAPABILITY_\w+|_POSIX_C_SOURCE|_SC_\w+|_PC_\w+|_GLIBCXX_\w+|_LIBCPP_\w+|_[0-9]+|_"
)
UNDERSCORE = re.compile(r"(?<![\w.])_\w*")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
INCLUDE_GUARD = re.compile(r"^#pragma once$", re.MULTILINE)


def problems_of(path: str, text: str) -> list[tuple[int, str]]:
    problems = [(n, "unfinished: file an issue") for n, line in enumerate(text.splitlines(), 1) if UNFINISHED.search(line)]
    if path.endswith(".h") and not INCLUDE_GUARD.search(text):
        problems.append((1, "no #pragma once"))
    for number, line in enumerate(sources.strip_comments_and_strings(text).splitlines(), 1):
        for pattern, where, advice in FORBIDDEN:
            if path.startswith(where) and re.search(pattern, line):
                problems.append((number, advice))
        if line.lstrip().startswith("#include"):
            continue
        for name in UNDERSCORE.findall(line):
            if not SYSTEM_NAMES.fullmatch(name):
                problems.append((number, f"{name}: identifiers don't begin with an underscore"))
    return problems


def problems_of_presets() -> list[str]:
    """Warnings are errors in .ci/run alone: a compiler that is newer than ours has some that we don't know."""
    presets = json.loads(pathlib.Path("CMakePresets.json").read_text())["configurePresets"]
    found = [f"CMakePresets.json: {preset['name']} sets SWITCHBOARD_WERROR, which is for .ci/run"
             for preset in presets if "SWITCHBOARD_WERROR" in preset.get("cacheVariables", {})]
    if "export SWITCHBOARD_WERROR=ON" not in pathlib.Path(".ci/run").read_text():
        found.append(".ci/run: doesn't take warnings for errors")
    return found


def main() -> int:
    paths = sources.files(".h", ".cpp")
    found = [f"{path}:{number}: {what}" for path in paths for number, what in problems_of(path.as_posix(), path.read_text())]
    found += problems_of_presets()
    print("\n".join(found) or f"{len(paths)} files keep the habits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
