#!/usr/bin/env python3
"""Runs the measurements of logins.sh and sandbox.sh, two states of a server in turn, and writes their tables."""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import attacks
from http_bench import Server, free_port, machine, write_page

ECHO_CLIENTS, LOGIN_CLIENTS = 50, 8
LOGIN_REPLY_BYTES = 12
TARGET = 3.0  # most that p99 may grow by
LOADS = {"2,000 echoes a second": ("--rate", "2000"), "as many echoes as go": ()}
SANDBOX_CASES = {"inline": 8, "pool": 7}


def start(options: argparse.Namespace, folder: pathlib.Path, program: str, name: str, *settings: str) -> Server:
    port = free_port()
    own = folder / name
    own.mkdir()
    server = Server(name, port, options.server_core, [
        str(pathlib.Path(options.build).resolve() / program), "-c", "/dev/null", "--foreground",
        *(f"--set={setting}" for setting in (
            f"server.working_directory={own}", "log.file=server.log", f"listener.0.port={port}",
            "listener.0.address=127.0.0.1", *settings))], folder)
    server.await_ready()
    return server


class Logins:
    """Clients that log in again and again, without a pause, while it is entered."""

    def __init__(self, port: int):
        self._port = port
        self._is_over = False
        self.count = 0
        self._threads = [threading.Thread(target=self._log_in, args=(number,)) for number in range(LOGIN_CLIENTS)]

    def _log_in(self, number: int) -> None:
        attacker = attacks.Attacker(self._port)
        client = attacker.connect()
        while not self._is_over:
            client.sendall(attacks.login(number))
            attacks.read_exactly(client, LOGIN_REPLY_BYTES)
            self.count += 1
        attacker.end()

    def __enter__(self) -> "Logins":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join()


def echo(options: argparse.Namespace, server: Server, folder: pathlib.Path, load: tuple) -> dict[float, float]:
    """Percentiles in µs."""
    report = folder / "run.json"
    subprocess.run(
        [f"{options.build}/bin/client-sim", "run", "--connect", f"127.0.0.1:{server.port}", "--mix", "echo=1", "--quiet",
         "--json", str(report), "--connections", str(ECHO_CLIENTS), "--duration", f"{options.duration}s", "--warmup",
         "0.5s", *load], check=True, capture_output=True)
    percentiles = json.loads(report.read_text())["latency"]["percentiles"]
    return {one["percent"]: one["ns"] / 1e3 for one in percentiles}


def logins(options: argparse.Namespace, folder: pathlib.Path) -> tuple[str, bool]:
    server = start(options, folder, "bin/switchboard", "logins")
    results: dict[str, dict[bool, list]] = {name: {False: [], True: []} for name in LOADS}
    counts = []
    try:
        for turn in range(options.rounds):
            for name, load in LOADS.items():
                print(f"logins: round {turn + 1} of {options.rounds}, {name}", file=sys.stderr)
                for is_beside in (False, True) if turn % 2 == 0 else (True, False):
                    if not is_beside:
                        results[name][False].append(echo(options, server, folder, load))
                        continue
                    begin = time.monotonic()
                    with Logins(server.port) as beside:
                        results[name][True].append(echo(options, server, folder, load))
                        counts.append(beside.count / (time.monotonic() - begin))
    finally:
        server.stop()
    lines = ["| load | p50 alone, µs | beside logins | ratio | p99 alone, µs | beside logins | ratio | target |",
             "| ---- | ------------: | ------------: | ----: | ------------: | ------------: | ----: | -----: |"]
    is_met = True
    for name, values in results.items():
        cells = [name]
        for percent in (50, 99):
            alone, beside = ([run[percent] for run in values[state]] for state in (False, True))
            ratio = statistics.median(b / a for a, b in zip(alone, beside))
            cells += [f"{statistics.median(alone):,.0f}", f"{statistics.median(beside):,.0f}", f"{ratio:.2f}"]
        is_met = is_met and ratio <= TARGET
        lines.append("| " + " | ".join([*cells, f"≤ {TARGET:.0f}" + ("" if ratio <= TARGET else ", missed")]) + " |")
    lines += ["", f"{LOGIN_CLIENTS} clients logged in {statistics.median(counts):.1f} times a second beside "
              f"{ECHO_CLIENTS} that echoed."]
    return "\n".join(lines), is_met


def sandbox(options: argparse.Namespace, folder: pathlib.Path) -> tuple[str, bool]:
    settings = ("server.workers=1", "business.threads=2")
    servers = {state: start(options, folder, "bench/bench-server", state, f"server.sandbox={state}", *settings)
               for state in ("off", "auto")}
    results: dict[str, dict[str, list[float]]] = {case: {state: [] for state in servers} for case in SANDBOX_CASES}
    try:
        for turn in range(options.rounds):
            for case, code in SANDBOX_CASES.items():
                print(f"sandbox: round {turn + 1} of {options.rounds}, {case}", file=sys.stderr)
                for state in servers if turn % 2 == 0 else reversed(servers):
                    server = servers[state]
                    before = server.cpu_ns()
                    output = subprocess.run(
                        [f"{options.build}/bench/peer-load", "--port", str(server.port), "--code", str(code), "--connections",
                         "64", "--depth", "1", "--warmup", "0", "--duration", str(options.duration)],
                        check=True, capture_output=True, text=True).stdout
                    replies = int(re.search(r"replies=(\d+)", output)[1])
                    results[case][state].append((server.cpu_ns() - before) / 1000 / replies)
    finally:
        for server in servers.values():
            server.stop()
    lines = ["| 64 connections × 1 | \"off\", CPU µs/request | \"auto\" | ratio | ± |",
             "| ------------------ | ---------------------: | -----: | ----: | -: |"]
    for case, values in results.items():
        ratios = [a / b for a, b in zip(values["auto"], values["off"])]
        lines.append(f"| {case} | {statistics.median(values['off']):.2f} | {statistics.median(values['auto']):.2f} | "
                     f"{statistics.median(ratios):.3f} | {50 * (max(ratios) - min(ratios)):.0f} % |")
    return "\n".join(lines), True


MEASUREMENTS = {"logins": logins, "sandbox": sandbox}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measurement", choices=MEASUREMENTS)
    for name in ("build", "server-core", "load-core", "command"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rounds", "duration"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {int(options.load_core)})
    name = options.measurement
    with tempfile.TemporaryDirectory(prefix=f"switchboard-{name}.") as folder:
        table, is_met = MEASUREMENTS[name](options, pathlib.Path(folder))
    text = (f"`{options.command}`, {time.strftime('%Y-%m-%d')}: {machine(has_nginx=False)}. Medians of {options.rounds} interleaved "
            f"rounds.\n\n{table}")
    print(text)
    if options.page:
        write_page(options.page, text, f"<!-- {name}.sh: begin -->", f"<!-- {name}.sh: end -->")
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
