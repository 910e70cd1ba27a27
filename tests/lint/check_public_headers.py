#!/usr/bin/env python3
"""What `#include <switchboard.h>` pulls in stays small, and is contract: counts the headers of the house and their lines.

With --time, tells also how long the server of the README takes to compile, beside a program that includes a few headers
of the standard library and nothing of the house.
"""

import argparse
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import sources

# The aim, and what is recorded: the check fails above the record, which only goes down.
AIM_HEADERS, AIM_LINES = 25, 1800
HEADERS, LINES = 67, 4049
AIM_TIME, TIME_RATIO = 0.6, 2.3
YARDSTICK = "".join(f"#include <{name}>\n" for name in ("functional", "map", "memory", "string", "thread", "vector"))
FLAGS = ("-std=c++20", "-I.", "-Iproc")
RUNS = 5


def house_headers(compiler: str) -> list[pathlib.Path]:
    """The headers of the house that <switchboard.h> includes, itself too."""
    rule = subprocess.run([compiler, *FLAGS, "-MM", "-x", "c++", "-"], input="#include <switchboard.h>\n", check=True,
                          capture_output=True, text=True).stdout
    paths = (pathlib.Path(word) for word in rule.replace("\\\n", " ").split()[1:])
    return sorted({path for path in paths if path.suffix == ".h" and path.parts[0] in sources.FOLDERS})


def comment_lines(text: str) -> int:
    """Lines that are a comment and nothing else."""
    code = sources.strip_comments_and_strings(text).splitlines()
    return sum(1 for line, left in zip(text.splitlines(), code) if line.strip() and not left.strip())


def compile_seconds(compiler: str, file: pathlib.Path) -> float:
    """CPU time of one compilation."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([compiler, *FLAGS, "-O2", "-c", file, "-o", "/dev/null"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tell_time(compiler: str) -> None:
    adder = next(block for block in re.findall(r"```cpp\n(.*?)```", pathlib.Path("README.md").read_text(), re.DOTALL)
                 if "RunServer<CAdderLogic>" in block)
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("adder.cpp", "yardstick.cpp")]
        for file, text in zip(files, (adder, YARDSTICK)):
            file.write_text(text)
        # In turn, and the least of each: what else the machine does disturbs both, and only ever adds.
        times = [[compile_seconds(compiler, file) for file in files] for _ in range(RUNS)]
    seconds, yardstick = map(min, zip(*times))
    ratio = seconds / yardstick
    print(f"the README's adder compiles in {seconds:.2f} s, {ratio:.2f} of the yardstick: {ratio / TIME_RATIO:.0%} of the "
          f"recorded {TIME_RATIO} (aim: {AIM_TIME:.0%})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--time", action="store_true")
    options = parser.parse_args()
    headers = house_headers(options.compiler)
    texts = [path.read_text() for path in headers]
    lines = sum(len(text.splitlines()) for text in texts)
    comments = sum(map(comment_lines, texts))
    print(f"<switchboard.h> includes {len(headers)} headers of the house (aim: {AIM_HEADERS}) with {lines} lines "
          f"(aim: {AIM_LINES}), {comments / lines:.0%} of them comments")
    if options.time:
        tell_time(options.compiler)
    if len(headers) > HEADERS or lines > LINES:
        print(f"more than the recorded {HEADERS} headers and {LINES} lines")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
