#!/usr/bin/env python3
"""Turns the measurements of compare.sh into its table, the table of docs/PERFORMANCE.md, and its picture."""

import argparse
import csv
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

YARDSTICK = "bare epoll echo"
OURS = "Switchboard, pool"
CLIENT = "client-sim"  # its rows tell what it cost to drive the yardstick
BEGIN, END = "<!-- compare.sh: begin -->", "<!-- compare.sh: end -->"

# (server, case, measure) -> the ratio to the yardstick that the project wants to keep.
TARGETS = {
    ("Switchboard, inline", "64x1", "server_cpu_us"): 1.05,
    ("Switchboard, inline", "64x16", "server_cpu_us"): 1.05,
    ("Switchboard, inline", "1000x1", "server_cpu_us"): 1.05,
    ("Switchboard, pool", "64x1", "server_cpu_us"): 1.08,
    ("Switchboard, pool", "64x16", "server_cpu_us"): 1.15,
    ("Switchboard, pool", "1000x1", "server_cpu_us"): 1.15,
    ("Switchboard, inline", "1000x1", "p99_us"): 1.05,
    ("Switchboard, pool", "1000x1", "p99_us"): 1.05,
}
VERSIONS = {  # what a row needs -> how to ask for its version
    "Redis": ("redis-server", "--version"),
    "memcached": ("memcached", "--version"),
    "nginx": ("/usr/sbin/nginx", "-v"),
    "libuv": ("pkg-config", "--modversion", "libuv"),
    "libevent": ("pkg-config", "--modversion", "libevent"),
    "gRPC": ("pkg-config", "--modversion", "grpc++"),
    "ZeroMQ": ("pkg-config", "--modversion", "libzmq"),
}


class Measurements:
    """Every result of every round, by case and server, in the order of their first appearance."""

    def __init__(self, path: pathlib.Path):
        self.cases: list[str] = []
        self.servers: list[str] = []
        self._values: dict[tuple[str, str], list[dict[str, float]]] = {}
        with path.open() as file:
            for line in csv.DictReader(file, delimiter="\t"):
                case, server = line["case"], line["server"]
                if case not in self.cases:
                    self.cases.append(case)
                if server not in self.servers and server != CLIENT:
                    self.servers.append(server)
                values = {key: float(value) for key, value in (pair.split("=") for pair in line["result"].split())}
                self._values.setdefault((case, server), []).append(values)

    def rounds(self) -> int:
        return max(len(values) for values in self._values.values())

    def all(self, case: str, server: str, measure: str) -> list[float]:
        return [values[measure] for values in self._values[case, server]]

    def median(self, case: str, server: str, measure: str) -> float:
        return statistics.median(self.all(case, server, measure))

    def spread(self, case: str, server: str, measure: str) -> float:
        """Half of the range of all rounds, in percent of the median."""
        values = self.all(case, server, measure)
        return 50 * (max(values) - min(values)) / statistics.median(values)

    def ratio(self, case: str, server: str, measure: str, to: str) -> float:
        """Median of the ratios within each round: what slows a whole round down falls out of it."""
        pairs = zip(self.all(case, server, measure), self.all(case, to, measure))
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def client_ratio(self, case: str) -> float:
        """Median of client-sim's CPU time per request ÷ that of the server that it drove, within each round."""
        pairs = zip(self.all(case, CLIENT, "client_cpu_us"), self.all(case, CLIENT, "server_cpu_us"))
        return statistics.median(client / server for client, server in pairs)


def table(data: Measurements, case: str) -> list[list[str]]:
    connections, depth = case.split("x")
    rows = [[f"{connections} connections × depth {depth}", "CPU µs/request", "±", "÷ bare echo", "÷ Switchboard's pool",
             "requests/s", "p50 µs", "p99 µs", "p99 ÷ bare echo"]]
    for server in data.servers:
        def median(measure: str) -> float:
            return data.median(case, server, measure)

        rows.append([
            server,
            f"{median('server_cpu_us'):.3f}",
            f"{data.spread(case, server, 'server_cpu_us'):.0f} %",
            f"{data.ratio(case, server, 'server_cpu_us', YARDSTICK):.2f}",
            f"{data.ratio(case, server, 'server_cpu_us', OURS):.2f}",
            f"{median('rate'):,.0f}",
            f"{median('p50_us'):.0f}",
            f"{median('p99_us'):.0f}",
            f"{data.ratio(case, server, 'p99_us', YARDSTICK):.2f}",
        ])
    return rows


def client_table(data: Measurements) -> list[list[str]]:
    """What client-sim's own work costs, beside that of the server that it drives."""
    rows = [["client-sim drives the bare echo", "client-sim, CPU µs/request", "bare echo, CPU µs/request",
             "client-sim ÷ bare echo"]]
    for case in data.cases:
        connections, depth = case.split("x")
        rows.append([f"{connections} connections × depth {depth}", f"{data.median(case, CLIENT, 'client_cpu_us'):.3f}",
                     f"{data.median(case, CLIENT, 'server_cpu_us'):.3f}", f"{data.client_ratio(case):.2f}"])
    return rows


def markdown(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([line(rows[0]), line(rule), *(line(row) for row in rows[1:])])


def targets(data: Measurements) -> str:
    rows = [["target, as a ratio to the bare echo", "wanted", "measured", "met"]]
    for (server, case, measure), wanted in TARGETS.items():
        if case in data.cases and server in data.servers:
            ratio = data.ratio(case, server, measure, YARDSTICK)
            name = "CPU" if measure == "server_cpu_us" else "p99"
            rows.append([f"{server}, {case}, {name}", f"≤ {wanted:.2f}", f"{ratio:.2f}", "yes" if ratio <= wanted else "no"])
    if "64x16" in data.cases:
        ratio = data.client_ratio("64x16")
        rows.append(["client-sim's own, 64x16, CPU", "≤ 1.00", f"{ratio:.2f}", "yes" if round(ratio, 2) <= 1 else "no"])
    return markdown(rows) if len(rows) > 1 else ""


def first_line(*command: str) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "?"
    return (run.stdout + run.stderr).strip().splitlines()[0]


def version(*command: str) -> str:
    number = re.search(r"\d+(\.\d+)+", first_line(*command))
    return number[0] if number else "?"


def machine(command: str, rounds: int) -> list[str]:
    """What was run, and on what."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    return [
        f"- `{command}` on {time.strftime('%Y-%m-%d')}; medians of {rounds} rounds",
        f"- {model}, {os.cpu_count()} cores, Linux {platform.release()}, {first_line('g++', '--version')}",
    ]


def surroundings(data: Measurements, command: str) -> str:
    versions = [f"{name} {version(*ask)}" for name, ask in VERSIONS.items()
                if any(server.startswith(name) for server in data.servers)]
    noise = max(data.spread(case, YARDSTICK, "server_cpu_us") for case in data.cases)
    lines = [
        *machine(command, data.rounds()),
        f"- the bare echo's own CPU time per request varied by ±{noise:.0f} % over the rounds;"
        f" load average at the end {os.getloadavg()[0]:.1f} (1.5 to 2 is this bench itself)",
    ]
    if versions:
        lines.append("- " + ", ".join(versions))
    return "\n".join(lines)


def write_page(path: pathlib.Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Puts the text between the two markers of the page."""
    before, found_begin, rest = path.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        sys.exit(f"report: {path.name} lacks the lines {begin} and {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def draw(data: Measurements, path: pathlib.Path) -> None:
    """A point for each server's CPU time per request, one chart for each case, by gnuplot. The scale is logarithmic:
    the servers lie up to a factor of 50 apart."""
    height = 112 + 28 * len(data.servers)
    left, width = 0.24, 0.75 / len(data.cases)  # of the first chart, and of each with the gap after it
    script = [
        f"set terminal svg size 1100,{height} dynamic font 'sans-serif,12' background '#ffffff'",
        f"set output '{path}'",
        "set multiplot title 'CPU time of the server for each request, µs (left is better; logarithmic)'",
        "unset key; set border 1 lc rgb '#888888'; set tics nomirror; set ytics scale 0; set logscale x",
        "set grid ytics lc rgb '#e4e8eb' lt 1; "
        "set xtics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)",
        f"set tmargin at screen {1 - 72 / height:.3f}; set bmargin at screen {30 / height:.3f}",
        f"set yrange [{len(data.servers) - 0.5}:-0.5]",
    ]
    blocks = []
    for i, case in enumerate(data.cases):
        connections, depth = case.split("x")
        values = [data.median(case, server, "server_cpu_us") for server in data.servers]
        lines = [f'{y} {value:.4f} "{server}" {0x2a6f97 if server.startswith("Switchboard") else 0x8a959e}'
                 for y, (server, value) in enumerate(zip(data.servers, values))]
        blocks.append(f"$case{i} << EOD\n" + "\n".join(lines) + "\nEOD")
        tics = ":ytic(3)" if i == 0 else ""
        script += [
            f"set lmargin at screen {left + i * width:.3f}; set rmargin at screen {left + (i + 0.93) * width:.3f}",
            *(["set format y ''"] if i > 0 else []),
            f"set title '{connections} connections × depth {depth}'",
            f"set xrange [{0.7 * min(values):.4f}:{2.6 * max(values):.4f}]",
            f"plot $case{i} using 2:1:4{tics} with points pt 7 ps 0.9 lc rgb variable, "
            f"$case{i} using 2:1:(sprintf('%.3g', $2)) with labels left offset character 1.2,0",
        ]
    subprocess.run(["gnuplot"], input="\n".join(blocks + script) + "\n", text=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="round, case, server and the line of peer-load, tab-separated")
    parser.add_argument("--command", default="bench/compare.sh", help="what made the results")
    parser.add_argument("--page", type=pathlib.Path, help="Markdown page whose table is replaced, between its markers")
    parser.add_argument("--picture", type=pathlib.Path, help="SVG file")
    arguments = parser.parse_args()

    data = Measurements(arguments.results)
    parts = [surroundings(data, arguments.command), *(markdown(table(data, case)) for case in data.cases),
             markdown(client_table(data)), targets(data)]
    text = "\n\n".join(part for part in parts if part)
    print(text)
    if arguments.page:
        write_page(arguments.page, text)
    if arguments.picture:
        draw(data, arguments.picture)


if __name__ == "__main__":
    main()
