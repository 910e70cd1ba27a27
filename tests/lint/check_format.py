#!/usr/bin/env python3
"""Every source file is formatted as .clang-format says. With --fix, formats them."""

import argparse
import subprocess
import sys

import sources


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clang-format", default="clang-format")
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()
    mode = ["-i"] if arguments.fix else ["--dry-run", "-Werror"]
    paths = sources.files(".h", ".cpp")
    result = subprocess.run([arguments.clang_format, *mode, *map(str, paths)], check=False)
    if result.returncode == 0:
        print(f"{len(paths)} files are formatted")
    else:
        print("to format them: tests/lint/check_format.py --fix")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
