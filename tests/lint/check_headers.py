#!/usr/bin/env python3
"""Every header compiles alone: it includes all that it uses."""

import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys

import sources

PACKAGES = "fmt spdlog tomlplusplus libdeflate sqlite3 libsodium libbsd"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default="c++")
    compiler = parser.parse_args().compiler
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES.split()], check=True, capture_output=True, text=True)
    # <switchboard.h> and the headers beside an example are found the way a user of the library finds them.
    command = [compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", "-I.", "-Iproc", "-Itesting/include", *WARNINGS.split(),
               *shlex.split(flags.stdout), "-"]

    def compile_alone(path):
        return path, subprocess.run(command, input=f'#include "{path}"\n', capture_output=True, text=True)

    headers = sources.files(".h")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, result in pool.map(compile_alone, headers):
            if result.returncode:
                failed += 1
                print(f"--- {path}\n{result.stderr}")
    print(f"{len(headers) - failed} of {len(headers)} headers compile alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
