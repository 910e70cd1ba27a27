#!/usr/bin/env python3
"""Lets client-sim drive an echo server in a closed loop, and prints what a request costs the client and the server.

One line of KEY=VALUE, as peer-load's: replies, rate, p50_us, p99_us, and CPU microseconds per request of both. The
client's is what it reports of itself (user and system, all threads, from the first request to the last reply); the
server's is read from the kernel's clock of its process before and after, so that accepting and closing count as well."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time


def cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads: the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime((~pid << 3) | 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="client-sim")
    parser.add_argument("--port", required=True, help="the server's, on 127.0.0.1")
    parser.add_argument("--pid", type=int, required=True, help="the server's")
    for name in ("connections", "depth", "body", "warmup", "duration"):
        parser.add_argument(f"--{name}", required=True, help="as client-sim's")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "run.json"
        command = [arguments.program, "run", "--connect", f"127.0.0.1:{arguments.port}", "--mix", "echo=1", "--quiet",
                   "--json", str(report)]
        for name in ("connections", "depth", "body", "warmup", "duration"):
            command += [f"--{name}", getattr(arguments, name)]
        before = cpu_seconds(arguments.pid)
        run = subprocess.run(command, capture_output=True, text=True)
        server_cpu = cpu_seconds(arguments.pid) - before
        if run.returncode != 0:
            sys.exit(f"client-cost: {run.stderr}")
        result = json.loads(report.read_text())

    requests = result["ledger"]["requests"]
    percentiles = {one["percent"]: one["ns"] / 1e3 for one in result["latency"]["percentiles"]}
    print(f"replies={result['ledger']['replies']} rate={result['replies_in_time'] / result['seconds']:.0f}"
          f" p50_us={percentiles[50]:.1f} p99_us={percentiles[99]:.1f}"
          f" server_cpu_us={server_cpu * 1e6 / requests:.4f} client_cpu_us={result['client_cpu_s'] * 1e6 / requests:.4f}")


if __name__ == "__main__":
    main()
