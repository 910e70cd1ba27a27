#!/usr/bin/env python3
"""What `#include <switchboard.h>` pulls in stays small, and says what it does: counts the headers of the house, their lines,
and how many of these are contract: comments that tell a user what he can't see from the code. And exactly that is
installed, with what <switchboard/log.h>, <switchboard/site.h> and <switchboard/testing.h> pull in besides.

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

HEADERS, LINES = 25, 1900  # at most: 1,800, and the words of the hub
CONTRACT = 0.5  # at least, of the lines that aren't blank; in LevelDB's public headers it is half as well
# Of the compile time when there were 67 headers, as a ratio to the yardstick.
AIM_TIME, TIME_RATIO = 0.6, 2.3
INSTALLED = {"switchboard.h": "SWITCHBOARD_PUBLIC_HEADERS", "switchboard/log.h": "SWITCHBOARD_LOG_HEADERS",
             "switchboard/site.h": "SWITCHBOARD_SITE_HEADERS",
             "switchboard/testing.h": "SWITCHBOARD_TESTING_HEADERS"}
YARDSTICK = "".join(f"#include <{name}>\n" for name in ("functional", "map", "memory", "string", "thread", "vector"))
FLAGS = ("-std=c++20", "-I.", "-Iproc", "-Itesting/include")
RUNS = 5


def house_headers(compiler: str, public: str) -> list[pathlib.Path]:
    """The headers of the house that <`public`> includes, itself too."""
    rule = subprocess.run([compiler, *FLAGS, "-MM", "-x", "c++", "-"], input=f"#include <{public}>\n", check=True,
                          capture_output=True, text=True).stdout
    paths = (pathlib.Path(word) for word in rule.replace("\\\n", " ").split()[1:])
    return sorted({path for path in paths if path.suffix == ".h" and path.parts[0] in sources.FOLDERS})


def wrongly_installed(compiler: str) -> list[str]:
    """What the lists of cmake/PublicHeaders.cmake lack, or have too much."""
    text = pathlib.Path("cmake/PublicHeaders.cmake").read_text()
    problems, known = [], set()
    for public, name in INSTALLED.items():
        listed = set(re.search(rf"set\({name}\n(.*?)\)", text, re.DOTALL)[1].split())
        included = {path.as_posix() for path in house_headers(compiler, public) if not path.as_posix().endswith(public)}
        wanted = included - known
        known |= included
        problems += [f"{name} lacks {path}" for path in sorted(wanted - listed)]
        problems += [f"{name}: <{public}> doesn't include {path}" for path in sorted(listed - wanted)]
    return problems


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
    headers = house_headers(options.compiler, "switchboard.h")
    texts = [path.read_text() for path in headers]
    lines = [line for text in texts for line in text.splitlines()]
    contract = sum(map(comment_lines, texts)) / sum(1 for line in lines if line.strip())
    print(f"<switchboard.h> includes {len(headers)} headers of the house (at most {HEADERS}) with {len(lines)} lines "
          f"(at most {LINES}), {contract:.1%} of them contract (at least {CONTRACT:.0%})")
    if options.time:
        tell_time(options.compiler)
    if len(headers) > HEADERS or len(lines) > LINES:
        print("they are too many")
        return 1
    if contract < CONTRACT:
        print("they say too little:", *sorted(path.as_posix() for path, text in zip(headers, texts) if 2 * comment_lines(text)
                                              < sum(1 for line in text.splitlines() if line.strip())))
        return 1
    problems = wrongly_installed(options.compiler)
    print("\n".join(problems) or "just these are installed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
