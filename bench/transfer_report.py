#!/usr/bin/env python3
"""Turns the measurements of transfer.sh into its table, which is also that of docs/TRANSFER.md."""

import argparse
import csv
import os
import pathlib
import statistics

from report import machine, markdown, write_page

YARDSTICK, OURS = "bare sendfile", "get"
BEGIN, END = "<!-- transfer.sh: begin -->", "<!-- transfer.sh: end -->"
WANTED = 1.0  # GB a second of one core of the server, with CRC


def spread(values: list[float]) -> float:
    """Half of the range, in percent of the median."""
    return 50 * (max(values) - min(values)) / statistics.median(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="round, row, bytes, seconds, cpu_seconds; tab-separated")
    parser.add_argument("--command", default="bench/transfer.sh", help="what made the results")
    parser.add_argument("--page", type=pathlib.Path, help="Markdown page whose table is replaced, between its markers")
    arguments = parser.parse_args()

    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with arguments.results.open() as file:
        for line in csv.DictReader(file, delimiter="\t"):
            gigabytes = float(line["bytes"]) / 1e9
            rates.setdefault(line["row"], []).append(gigabytes / float(line["seconds"]))
            costs.setdefault(line["row"], []).append(float(line["cpu_seconds"]) / gigabytes)

    rows = [["1 file, server on one core, client on another", "server CPU s/GB", "±", "÷ bare sendfile",
             "GB/s per core of the server", "GB/s in all"]]
    for row, cost in costs.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(cost, costs[YARDSTICK]))
        median = statistics.median(cost)
        rows.append([row, f"{median:.3f}", f"{spread(cost):.0f} %", f"{ratio:.2f}", f"{1 / median:.2f}",
                     f"{statistics.median(rates[row]):.2f}"])
    reached = 1 / statistics.median(costs[OURS])
    verdict = [["target", "wanted", "measured", "met"],
               ["get with CRC, GB/s per core of the server", f"≥ {WANTED:.2f}", f"{reached:.2f}",
                "yes" if reached >= WANTED else "no"]]
    notes = "\n".join([
        *machine(arguments.command, len(costs[OURS])),
        f"- {gigabytes:.2f} GB; the bare sendfile's own CPU time varied by ±{spread(costs[YARDSTICK]):.0f} % over the"
        f" rounds; load average at the end {os.getloadavg()[0]:.1f} (1.5 to 2 is this bench itself)",
    ])
    text = "\n\n".join([notes, markdown(rows), markdown(verdict)])
    print(text)
    if arguments.page:
        write_page(arguments.page, text, BEGIN, END)


if __name__ == "__main__":
    main()
