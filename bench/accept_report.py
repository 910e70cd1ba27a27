#!/usr/bin/env python3
"""Turns the measurements of accept.sh into its table, and the table of docs/ACCEPT.md."""

import argparse
import csv
import os
import pathlib
import platform
import statistics
import sys
import time

import report

BEGIN, END = "<!-- accept.sh: begin -->", "<!-- accept.sh: end -->"


class Measurements:
    """Every result of every round, by measure and way."""

    def __init__(self, path: pathlib.Path):
        self.ways: list[str] = []
        self.measures: list[str] = []
        self._values: dict[tuple[str, str], list[dict[str, float]]] = {}
        with path.open() as file:
            for line in csv.DictReader(file, delimiter="\t"):
                way, measure = line["way"], line["measure"]
                if way not in self.ways:
                    self.ways.append(way)
                if measure not in self.measures:
                    self.measures.append(measure)
                values = {key: float(value) for key, value in (pair.split("=") for pair in line["result"].split())}
                self._values.setdefault((measure, way), []).append(values)

    def rounds(self) -> int:
        return max(len(values) for values in self._values.values())

    def all(self, measure: str, way: str, compute) -> list[float]:
        return [compute(values) for values in self._values[measure, way]]

    def median(self, measure: str, way: str, compute) -> float:
        return statistics.median(self.all(measure, way, compute))

    def spread(self, measure: str, way: str, compute) -> float:
        """Half of the range of all rounds, in percent of the median."""
        values = self.all(measure, way, compute)
        return 50 * (max(values) - min(values)) / statistics.median(values)


def rate(values: dict[str, float]) -> float:
    return values["connections"] / values["seconds"]


def per_accept(name: str):
    return lambda values: values[name] / max(1.0, values["accepted"])


def share(choose):
    return lambda values: 100 * choose(values.values()) / max(1.0, sum(values.values()))


def table(data: Measurements) -> list[list[str]]:
    staying = [measure for measure in data.measures if measure.startswith("spread-")]
    rows = [["`accept`", "connections/s", "±", "listener wake-ups per accept", "all wake-ups per accept",
             *(f"shares of {int(measure.split('-')[1]):,}" for measure in staying)]]
    for way in data.ways:
        rows.append([
            f"`{way}`",
            f"{data.median('rate', way, rate):,.0f}",
            f"{data.spread('rate', way, rate):.0f} %",
            f"{data.median('rate', way, per_accept('accept_wakeups')):.2f}",
            f"{data.median('rate', way, per_accept('sleeps')):.2f}",
            *(f"{data.median(measure, way, share(min)):.0f}–{data.median(measure, way, share(max)):.0f} %"
              for measure in staying),
        ])
    return rows


def surroundings(data: Measurements, command: str) -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    return "\n".join([
        f"- `{command}` on {time.strftime('%Y-%m-%d')}; 4 workers; medians of {data.rounds()} rounds; ± is half of the range",
        f"- {model}, {os.cpu_count()} cores, Linux {platform.release()}, {report.first_line('g++', '--version')};"
        f" load average at the end {os.getloadavg()[0]:.1f} (1.5 to 2 is this bench itself)",
        "- connections per second: clients that connect, ask one Ping, and go, 64 at a time unless said otherwise",
        "- listener wake-ups: `accept_wakeups` of the scoreboard, how often a worker found that somebody may wait",
        "- all wake-ups: `voluntary_ctxt_switches` of all threads of workers and master, so those for the Ping and the"
        " close of the connection too",
        "- shares: of the worker with the fewest and of that with the most, of so many clients that stay; even is 25–25 %",
    ])


def write_page(path: pathlib.Path, text: str) -> None:
    page = path.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"accept_report: {path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="round, way, measure and what was counted, tab-separated")
    parser.add_argument("--command", default="bench/accept.sh", help="what made the results")
    parser.add_argument("--page", type=pathlib.Path, help="Markdown page whose table is replaced, between its markers")
    arguments = parser.parse_args()

    data = Measurements(arguments.results)
    text = "\n\n".join([report.markdown(table(data)), surroundings(data, arguments.command)])
    print(text)
    if arguments.page:
        write_page(arguments.page, text)


if __name__ == "__main__":
    main()
