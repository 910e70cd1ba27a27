#!/usr/bin/env python3
"""Runs the measurements of scale.sh, and prints its table."""

import argparse
import contextlib
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile

PATIENCE_S = 30
CONNECTIONS = 256  # for each worker: enough that the kernel's spreading gives all workers much the same
THREADS = 2  # of the pool of each worker
FILE_BYTES = 1024
HERE = pathlib.Path(__file__).resolve().parent
NGINX = """{user}
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  open_file_cache max=16;
  keepalive_requests 1000000000;
  client_body_temp_path tmp1; proxy_temp_path tmp2; fastcgi_temp_path tmp3; uwsgi_temp_path tmp4; scgi_temp_path tmp5;
  server {{ listen 127.0.0.1:{port} backlog=4096 reuseport; root www; }}
}}
"""
# row -> (how peer-load asks, what the row's server is)
ROWS = {
    "inline": (["--protocol", "packet", "--code", "8"], "packet"),
    "pool": (["--protocol", "packet", "--code", "7"], "packet"),
    "HTTP": (["--protocol", "http-get", "--body", str(FILE_BYTES)], "http"),
    "nginx": (["--protocol", "http-get", "--body", str(FILE_BYTES)], "nginx"),
}


def program(options: argparse.Namespace, name: str) -> list[str]:
    """The command of a program of the build, or of the bundle, where it runs with the libraries that came with it."""
    if options.build:
        return [str(options.build / "bench" / name)]
    loader = next((HERE / "lib").glob("ld-*"))
    return [str(loader), "--library-path", str(HERE / "lib"), str(HERE / name)]


def nginx_command(options: argparse.Namespace) -> list[str] | None:
    if not options.build and (HERE / "nginx").exists():
        return program(options, "nginx")
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return [found] if found else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def server_command(options: argparse.Namespace, kind: str, workers: int, folder: pathlib.Path) -> tuple[list[str], str]:
    """The command, and what its output says, once for each worker, when it is ready."""
    if kind == "nginx":
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(user=user, workers=workers, port=options.port))
        return [*nginx_command(options), "-p", str(folder), "-c", "nginx.conf"], r"start worker process \d+"
    settings = [f"server.workers={workers}", f"server.working_directory={folder}", "log.file=stderr",
                f"business.threads={THREADS}", "listener.0.address=127.0.0.1", f"listener.0.port={options.port}"]
    if kind == "http":
        settings += ["listener.0.protocol=http", f"listener.0.root={folder}/www"]
    return [*program(options, "bench-server"), "-c", "/dev/null", "--foreground",
            *(f"--set={setting}" for setting in settings)], r"worker process \d+ \(\d+\) is ready"


@contextlib.contextmanager
def running(options: argparse.Namespace, kind: str, workers: int, cores: list[int], folder: pathlib.Path):
    """A server on its cores; gives the ids of its processes."""
    options.port = free_port()
    command, ready = server_command(options, kind, workers, folder)
    log = folder / f"{kind}.log"
    with log.open("w") as out:
        server = subprocess.Popen(["taskset", "--cpu-list", ",".join(map(str, cores)), *command], stdout=out, stderr=out)
    try:
        with subprocess.Popen(["timeout", str(PATIENCE_S), "tail", "--lines=+1", "--follow", log], stdout=subprocess.PIPE,
                              text=True) as follow:
            seen = 0
            for line in follow.stdout:
                seen += bool(re.search(ready, line))
                if seen == workers:
                    break
            follow.terminate()
        if seen < workers:
            raise SystemExit(f"scale: {kind} does not start:\n{log.read_text()}")
        children = subprocess.run(["pgrep", "--parent", str(server.pid)], capture_output=True, text=True).stdout.split()
        yield [str(server.pid), *children]
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def drive(options: argparse.Namespace, row: str, pids: list[str], workers: int, cores: list[int]) -> dict[str, float]:
    """One measurement: a load on each of `cores`, all at once."""
    share = CONNECTIONS * workers // len(cores)
    loads = [subprocess.Popen(["taskset", "--cpu-list", str(core), *program(options, "peer-load"), "--port",
                               str(options.port), *ROWS[row][0], "--connections", str(share), "--depth",
                               str(options.depth), "--duration", str(options.seconds), "--pids", ",".join(pids)],
                              stdout=subprocess.PIPE, text=True) for core in cores]
    results = []
    for load in loads:
        line, _ = load.communicate()
        if load.returncode != 0:
            raise SystemExit("scale: a load failed")
        results.append({key: float(value) for key, value in (pair.split("=") for pair in line.split())})
    rate = sum(result["rate"] for result in results)
    # Each load tells the whole server's CPU time by its own replies.
    busy = statistics.mean(result["server_cpu_us"] * result["rate"] for result in results) / 1e6
    return {"rate": rate, "busy": busy / workers, "us": busy / rate * 1e6,
            "load": statistics.mean(result["client_cpu_us"] * result["rate"] for result in results) / 1e6}


def plan(options: argparse.Namespace, cores: list[int]) -> list[int]:
    """The numbers of workers that leave at least as many cores to the loads."""
    return [workers for workers in options.workers if 2 * workers <= len(cores)]


def measure(options: argparse.Namespace, cores: list[int]) -> dict[tuple[str, int], list[dict[str, float]]]:
    rows = [row for row in ROWS if row != "nginx" or nginx_command(options)]
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="switchboard-scale.") as name:
        folder = pathlib.Path(name)
        (folder / "www").mkdir()
        (folder / "www/bench").write_bytes(b"x" * FILE_BYTES)
        os.chmod(folder, 0o755)
        for _ in range(options.rounds):
            for workers in plan(options, cores):
                loads = cores[workers : workers + min(2 * workers, len(cores) - workers)]
                for row in rows:
                    with running(options, ROWS[row][1], workers, cores[:workers], folder) as pids:
                        results.setdefault((row, workers), []).append(drive(options, row, pids, workers, loads))
    return results


def table(results: dict[tuple[str, int], list[dict[str, float]]]) -> str:
    lines = ["| load   | workers | requests/s | ÷ one worker | CPU µs/request | server's cores busy | loads' cores busy |",
             "| ------ | ------: | ---------: | -----------: | -------------: | ------------------: | ----------------: |"]
    median = {key: {name: statistics.median(one[name] for one in each) for name in each[0]} for key, each in results.items()}
    for row in ROWS:
        counts = sorted(workers for name, workers in median if name == row)
        for workers in counts:
            one = median[row, workers]
            speedup = one["rate"] / median[row, counts[0]]["rate"] * counts[0]
            lines.append(f"| {row:6} | {workers:7} | {one['rate']:10,.0f} | {speedup:12.2f} | {one['us']:14.3f} | "
                         f"{one['busy']:19.0%} | {one['load']:17.0%} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, help="of the programs; without it they lie beside this script")
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--depth", type=int, default=16)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("scale: needs two cores: one for the server, one for the load")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"{model[1] if model else platform.machine()}, {len(cores)} cores, Linux {platform.release()}; "
          f"{CONNECTIONS} connections a worker, {options.depth} deep; medians of {options.rounds} rounds")
    if skipped := [workers for workers in options.workers if workers not in plan(options, cores)]:
        print(f"left out, for want of as many cores for the loads: {', '.join(map(str, skipped))} workers")
    if not nginx_command(options):
        print("nginx is not installed: its row is left out")
    print(table(measure(options, cores)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
