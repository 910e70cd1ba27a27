"""The rows of faults.py, their verdicts, and the page that they are written to."""

import math
import os
import pathlib
import platform
import subprocess
import sys
import time

BEGIN, END = "<!-- faults.sh: begin -->", "<!-- faults.sh: end -->"


def percentile(values: list[float], percent: float) -> float:
    """Nearest rank."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


class Row:
    """What one fault did to the clients of one server, and what it may do at most."""

    def __init__(self, what: str, server: str = "Switchboard", kills: bool = False):
        self.what = what
        self.server = server
        self.kills = kills  # workers die of it, and so do their connections
        self.runs = 0
        self.times: list[float] = []  # seconds
        self.counts: dict[str, float] = {}
        self.misses: list[str] = []
        self.notes: list[str] = []
        self.is_judged = server == "Switchboard"

    def add(self, counts: dict[str, float]) -> None:
        for name, value in counts.items():
            self.counts[name] = self.counts.get(name, 0) + value

    def lost(self) -> int:
        return int(self.counts["lost"] + self.counts["wrong"] + (0 if self.kills else self.counts["cut"]))

    def failed(self) -> int:
        """A connection that was made, and then reset before its first answer, was the killed worker's if there is one."""
        return int(self.counts["refused"] + self.counts["failed"] + (0 if self.kills else self.counts["cut"]))

    def ended(self) -> int:
        return int(self.counts["ended"] + (self.counts["cut"] if self.kills else 0))

    def expect(self, is_met: bool, what: str) -> None:
        if not is_met:
            self.misses.append(what)

    def judge(self, p99_s: float | None = None) -> None:
        """The targets that hold for every fault, and one for the time."""
        self.expect(self.failed() == 0, f"{self.failed()} new connections failed")
        self.expect(self.counts["requests"] > 0, "there was no load")
        self.expect(self.counts["wrong"] == 0, f"{self.counts['wrong']} answers were wrong")
        self.expect(self.counts["sim_exit"] == 0, "client-sim has found a fault")
        if not self.kills:
            self.expect(self.lost() == 0, f"{self.lost()} packets were lost")
            self.expect(self.ended() == 0, f"{self.ended()} established connections ended")
        if p99_s is not None:
            p99 = percentile(self.times, 99)
            self.expect(p99 <= p99_s, f"p99 is {1000 * p99:.0f} ms, over {1000 * p99_s:.0f} ms")
            self.notes.append(f"p99 ≤ {1000 * p99_s:.0f} ms")

    def cells(self) -> list[str]:
        def milliseconds(percent: float) -> str:
            return f"{1000 * percentile(self.times, percent):,.0f}" if self.times else "–"
        verdict = "–" if not self.is_judged else "no" if self.misses else "yes"
        return [self.what, self.server, str(self.runs), f"{int(self.counts['requests']):,}", f"{self.lost():,}",
                f"{int(self.counts['connects']):,}", f"{self.failed():,}", f"{self.ended():,}", milliseconds(50),
                milliseconds(99), verdict]


HEAD = ["fault", "server", "runs", "requests", "lost packets", "new connections", "of them failed",
        "established ones ended", "p50 ms", "p99 ms", "targets met"]


def markdown(rows: list[Row], has_server: bool) -> str:
    lines = [HEAD] + [row.cells() for row in rows]
    if not has_server:
        lines = [[cell for i, cell in enumerate(line) if HEAD[i] != "server"] for line in lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = sum(1 for cell in lines[0] if cell in ("fault", "server"))

    def format_line(line: list[str]) -> str:
        cells = [cell.ljust(width) if i < text else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        return "| " + " | ".join(cells) + " |"
    rule = ["-" * width if i < text else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([format_line(lines[0]), "| " + " | ".join(rule) + " |", *map(format_line, lines[1:])])


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "?"
    return (done.stdout + done.stderr).strip().splitlines()[0]


def surroundings(command: str, seconds: float) -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    return (f"- `{command}` on {time.strftime('%Y-%m-%d')}, {seconds:.0f} s; {model}, {os.cpu_count()} cores,"
            f" Linux {platform.release()}; load average at the end {os.getloadavg()[0]:.1f}\n"
            f"- {first_line('nginx', '-v')}")


def write_page(path: pathlib.Path, text: str) -> None:
    page = path.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"faults: {path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
