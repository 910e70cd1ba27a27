#!/usr/bin/env python3
"""What a handler's author gets wrong at compile time is refused with words that name the mend, and not with a template's
constraints; and what is right compiles."""

import argparse
import os
import pathlib
import subprocess
import sys

USES = {1: "Body<T>()", 2: "Reply", 3: "CDeferredReply::Reply", 4: "Send", 5: "CTestBody", 6: "CTestPacket::As"}
MEND = "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)"


def compile_with(compiler: str, definition: str) -> subprocess.CompletedProcess:
    folder = pathlib.Path(__file__).resolve().parent
    return subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-I", str(folder.parent.parent), f"-D{definition}",
                           str(folder / "UnpackedBody.cpp")],
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    options = parser.parse_args()
    problems = []
    right = compile_with(options.compiler, "PACKED")
    if right.returncode != 0:
        problems.append(f"what is packed is refused:\n{right.stderr[:2000]}")
    for use, name in USES.items():
        wrong = compile_with(options.compiler, f"USE={use}")
        if wrong.returncode == 0:
            problems.append(f"{name} takes a struct that isn't packed")
        elif MEND not in wrong.stderr:
            problems.append(f"{name} doesn't name the mend:\n{wrong.stderr[:2000]}")
    print("\n".join(problems) or f"{len(USES)} uses of a body name the mend")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
