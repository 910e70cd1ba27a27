#!/usr/bin/env python3
"""Runs the measurements of http.sh, and writes its table."""

import argparse
import getpass
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
import time

OURS, THEIRS = "Switchboard", "nginx"
BEGIN, END = "<!-- http.sh: begin -->", "<!-- http.sh: end -->"
PATIENCE_S = 30
# case -> (what it is, unit, the ratio to nginx that the project wants to keep)
CASES = {
    "64x1": ("1 KiB, 64 connections", "CPU µs/request", 0.85),
    "1000x1": ("1 KiB, 1,000 connections", "CPU µs/request", 0.85),
    "64x16": ("1 KiB, 64 connections, 16 deep", "CPU µs/request", 0.5),
    "download": ("large file", "CPU ms/GB", 1.0),
    "idle": ("idle keep-alive connections", "bytes/connection", 1.0),
}
PIPELINE = """init = function(args)
  local all = {}
  for i = 1, 16 do all[i] = wrk.format(nil, "/1k.bin") end
  together = table.concat(all)
end
request = function() return together end
"""
NGINX = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error;
worker_rlimit_nofile {descriptors};
events {{ worker_connections {connections}; }}
http {{
  access_log {folder}/nginx.access combined buffer=64k flush=1s;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000;
  open_file_cache_valid 1s;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path {folder}/nginx.body;
  proxy_temp_path {folder}/nginx.proxy;
  fastcgi_temp_path {folder}/nginx.fastcgi;
  uwsgi_temp_path {folder}/nginx.uwsgi;
  scgi_temp_path {folder}/nginx.scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; }}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Server:
    """One server on its core: a master with one worker."""

    def __init__(self, name: str, port: int, core: str, command: list[str], folder: pathlib.Path):
        self.name, self.port = name, port
        self._log = (folder / f"{name}.out").open("w")
        self._master = subprocess.Popen(["taskset", "--cpu-list", core, *command], stdout=self._log,
                                        stderr=subprocess.STDOUT, cwd=folder)
        self._pids: list[int] = []

    def await_ready(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if self._master.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"http: {self.name} does not start") from None
                time.sleep(0.05)
        children = subprocess.run(["pgrep", "--parent", str(self._master.pid)], capture_output=True, text=True)
        self._pids = [int(pid) for pid in children.stdout.split()]

    def cpu_ns(self) -> int:
        """CPU time of all threads of the workers so far."""
        tasks = [task for pid in self._pids for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def private_bytes(self) -> int:
        rollups = "".join(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._pids)
        return 1024 * sum(int(kib) for kib in re.findall(r"^(?:Private_Clean|Private_Dirty|Swap):\s+(\d+)", rollups,
                                                         re.MULTILINE))

    def stop(self) -> None:
        self._master.terminate()
        try:
            self._master.wait(15)
        except subprocess.TimeoutExpired:
            self._master.kill()
            self._master.wait()
        self._log.close()


def start_servers(options: argparse.Namespace, folder: pathlib.Path) -> list[Server]:
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    port = free_port()
    ours = Server(OURS, port, options.server_core, [
        str(pathlib.Path(options.switchboard).resolve()), "-c", "/dev/null", "--foreground", *(f"--set={pair}" for pair in (
            "server.workers=1", f"server.working_directory={folder}", "log.file=switchboard.log",
            f"listener.0.port={port}", "listener.0.address=127.0.0.1", "listener.0.protocol=http",
            f"listener.0.root={folder}/root", "listener.0.access_log=switchboard.access",
            "listener.0.idle_timeout_s=600",
            "pool.connections=64"))], folder)  # so that every connection pays for its own slot
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, descriptors=descriptors, connections=descriptors - 100))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    # The user of a worker must be able to read the folder; the script's own is.
    user = ["-g", f"user {getpass.getuser()};"] if os.geteuid() == 0 else []
    theirs = Server(THEIRS, port, options.server_core,
                    [program, "-p", str(folder), "-c", str(config), "-e", str(folder / "nginx.error"), *user], folder)
    return [ours, theirs]


def measure_requests(server: Server, case: str, options: argparse.Namespace, folder: pathlib.Path) -> float:
    """CPU µs of the server for each request."""
    connections, depth = case.split("x")
    script = ["--script", str(folder / "pipeline.lua")] if depth != "1" else []
    before = server.cpu_ns()
    result = subprocess.run(
        ["taskset", "--cpu-list", options.load_core, "wrk", "--threads", "1", "--connections", connections,
         "--duration", f"{options.duration}s", *script, f"http://127.0.0.1:{server.port}/1k.bin"],
        capture_output=True, text=True, check=True)
    found = re.search(r"(\d+) requests in", result.stdout)
    if found is None or int(found[1]) == 0 or "Non-2xx" in result.stdout:
        raise SystemExit(f"http: {server.name} fails at {case}:\n{result.stdout}")
    return (server.cpu_ns() - before) / 1000 / int(found[1])


def measure_download(server: Server, options: argparse.Namespace) -> float:
    """CPU ms of the server for each GB."""
    before = server.cpu_ns()
    result = subprocess.run(
        ["taskset", "--cpu-list", options.load_core, "curl", "--silent", "--fail", "--output", "/dev/null", "--write-out",
         "%{size_download}", f"http://127.0.0.1:{server.port}/large.bin"], capture_output=True, text=True, check=True)
    return (server.cpu_ns() - before) / 1e6 / (int(result.stdout) / 1e9)


def open_idle(server: Server, count: int) -> list[socket.socket]:
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)
        client.sendall(b"GET /1k.bin HTTP/1.1\r\nHost: t\r\n\r\n")
        received = b""
        while b"\r\n\r\n" not in received or len(received) < received.index(b"\r\n\r\n") + 4 + 1024:
            received += client.recv(4096)
        clients.append(client)
    return clients


def measure_idle(server: Server, count: int) -> float:
    """Bytes of memory of its own for each idle connection."""
    before = server.private_bytes()
    clients = open_idle(server, count)
    grown = server.private_bytes() - before
    for client in clients:
        client.close()
    # Few connections may fit into memory that the process has already.
    return max(grown, 1) / count


def report(results: dict[str, dict[str, list[float]]], options: argparse.Namespace) -> tuple[str, bool]:
    lines = ["| case | unit | Switchboard | ± | nginx | ± | ratio | target |",
             "| ---- | ---- | ----------: | -: | ----: | -: | ----: | -----: |"]
    is_met = True
    for case, values in results.items():
        name, unit, target = CASES[case]
        if case == "download":
            name = f"{options.file_mib:,} MiB file"
        if case == "idle":
            name = f"{options.idle:,} {name}"
        # Median of the ratios within each round: what slows a whole round down falls out of it.
        ratio = statistics.median(a / b for a, b in zip(values[OURS], values[THEIRS]))
        is_met = is_met and ratio <= target
        cells = [name, unit]
        for server in (OURS, THEIRS):
            median = statistics.median(values[server])
            spread = 50 * (max(values[server]) - min(values[server])) / median
            cells += [f"{median:,.0f}" if median >= 100 else f"{median:.2f}", f"{spread:.0f} %"]
        lines.append("| " + " | ".join([*cells, f"{ratio:.2f}", f"≤ {target:.2f}" + ("" if ratio <= target else ", missed")])
                     + " |")
    return "\n".join(lines), is_met


def machine(has_nginx: bool = True) -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    text = f"{model[1] if model else platform.machine()}, {info.count('processor')} cores seen, Linux {platform.release()}"
    if not has_nginx:
        return text
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    nginx = subprocess.run([program, "-v"], capture_output=True, text=True).stderr.strip()
    return f"{text}; {nginx.removeprefix('nginx version: ')}"


def write_page(page: pathlib.Path, text: str, after: str = BEGIN, before: str = END) -> None:
    old = page.read_text()
    begin, end = old.index(after) + len(after), old.index(before)
    page.write_text(f"{old[:begin]}\n\n{text}\n\n{old[end:]}")


def run(options: argparse.Namespace, folder: pathlib.Path) -> bool:
    root = folder / "root"
    root.mkdir()
    (root / "1k.bin").write_bytes(bytes(1024))
    with (root / "large.bin").open("wb") as large:
        large.truncate(options.file_mib * 1024 * 1024)
    (folder / "pipeline.lua").write_text(PIPELINE)
    for path in (folder, root):
        path.chmod(0o755)
    cases = options.cases.split(",")
    results: dict[str, dict[str, list[float]]] = {case: {OURS: [], THEIRS: []} for case in cases}
    servers: list[Server] = []
    try:
        servers = start_servers(options, folder)
        for server in servers:
            server.await_ready()
            open_idle(server, 64)
            measure_download(server, options)  # the file is in the page cache from here on
        for turn in range(options.rounds):
            for case in cases:
                print(f"http: round {turn + 1} of {options.rounds}, {case}", file=sys.stderr)
                for server in servers if turn % 2 == 0 else reversed(servers):
                    if case == "download":
                        value = measure_download(server, options)
                    elif case == "idle":
                        # What a round has taken from the system is used again by the next.
                        value = measure_idle(server, options.idle) if turn == 0 else results[case][server.name][0]
                    else:
                        value = measure_requests(server, case, options, folder)
                    results[case][server.name].append(value)
            for log in folder.glob("*.access"):
                log.write_bytes(b"")
    finally:
        for server in servers:
            server.stop()
    table, is_met = report(results, options)
    text = (f"`{options.command}`, {time.strftime('%Y-%m-%d')}: {machine()}. Medians of {options.rounds} interleaved "
            f"rounds; ± is half of the range of all rounds.\n\n{table}")
    print(text)
    if options.page:
        write_page(options.page, text)
    return is_met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("switchboard", "cases", "server-core", "load-core", "command"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rounds", "duration", "file-mib", "idle"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    unknown = [case for case in options.cases.split(",") if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]}; there are {', '.join(CASES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="switchboard-http.") as folder:
        is_met = run(options, pathlib.Path(folder))
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
