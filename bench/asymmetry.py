#!/usr/bin/env python3
"""Runs the measurements of asymmetry.sh, and writes its table."""

import argparse
import dataclasses
import getpass
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import attacks
from http_bench import NGINX, OURS, THEIRS, Server, free_port, machine, write_page

BEGIN, END = "<!-- asymmetry.sh: begin -->", "<!-- asymmetry.sh: end -->"
QUIET_S, LOOK_S = 0.3, 0.05  # so long the server must have done nothing until an attack counts as over
MEMORY = re.compile(r"skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+),o(\d+),bl(\d+)")
# What limits the length of a measurement rather than an attack is as the sockets' users have it by default.
LONG_TIMES = re.compile(r"^\s*(?:keepalive_timeout|open_file_cache).*\n", re.MULTILINE)


@dataclasses.dataclass
class Cost:
    """Of one attack on one server."""

    connections: int
    sent: int
    process_bytes: int  # at the most
    kernel_bytes: int  # at its end, with its connections still open
    cpu_us: float


class Victim(Server):
    """A server of its own for each attack: what one has taken from the system the next would use again."""

    def await_ready(self) -> None:
        super().await_ready()
        self._pids.append(self._master.pid)

    def cpu_us_at_rest(self) -> float:
        """Once it has nothing more to do."""
        last, since = self.cpu_ns(), time.monotonic()
        while time.monotonic() < since + QUIET_S:
            time.sleep(LOOK_S)
            now = self.cpu_ns()
            if now - last > 200_000:  # ns; a heart may beat
                last, since = now, time.monotonic()
        return self.cpu_ns() / 1000

    def _memory(self, name: str) -> int:
        texts = (pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self._pids)
        return sum(1024 * int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[1]) for text in texts)

    def resident_bytes(self) -> int:
        """What it has now; the peak begins from here."""
        for pid in self._pids:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        return self._memory("VmRSS")

    def peak_bytes(self) -> int:
        return self._memory("VmHWM")

    def socket_bytes(self, port: int) -> int:
        """Of the kernel's memory: what its sockets hold, also those that it has closed."""
        text = subprocess.run(["ss", "--no-header", "--tcp", "--all", "--memory", "--numeric", f"sport = :{port}"],
                              capture_output=True, text=True, check=True).stdout
        return sum(sum(map(int, numbers)) for numbers in MEMORY.findall(text))


def start_switchboard(options: argparse.Namespace, folder: pathlib.Path) -> tuple[Victim, dict[str, int]]:
    ports = {"packet": free_port(), "http": free_port()}
    settings = [f"server.working_directory={folder}", "log.file=switchboard.log", "transfer.root=files",
                "transfer.writable=true", f"listener.0.port={ports['packet']}", "listener.0.address=127.0.0.1",
                f"listener.1.port={ports['http']}", "listener.1.address=127.0.0.1", "listener.1.protocol=http",
                f"listener.1.root={folder}/root", "listener.1.access_log=switchboard.access"]
    (folder / "files").mkdir()
    return Victim(OURS, ports["http"], options.server_core,
                  [str(pathlib.Path(options.switchboard).resolve()), "-c", "/dev/null", "--foreground",
                   *(f"--set={setting}" for setting in settings)], folder), ports


def start_nginx(options: argparse.Namespace, folder: pathlib.Path) -> tuple[Victim, dict[str, int]]:
    port = free_port()
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    config = folder / "nginx.conf"
    config.write_text(LONG_TIMES.sub("", NGINX).format(folder=folder, port=port, descriptors=descriptors,
                                                       connections=4096))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    # The user of a worker must be able to read the folder; the script's own is.
    user = ["-g", f"user {getpass.getuser()};"] if os.geteuid() == 0 else []
    return Victim(THEIRS, port, options.server_core,
                  [program, "-p", str(folder), "-c", str(config), "-e", str(folder / "nginx.error"), *user],
                  folder), {"http": port}


def warm_up(ports: dict[str, int]) -> None:
    """Both have served each kind of request before."""
    for protocol, port in ports.items():
        guest = attacks.Attacker(port)
        if protocol == "http":
            for path in ("/1k.bin", "/64k.bin", "/nothing"):
                attacks.ask_http(attacks.get(path), 16)(guest, 1)
        else:
            attacks.ask_packets(lambda _: attacks.frame(attacks.PING), 16, 8)(guest, 1)
            attacks.ask_packets(attacks.login, 8, 12)(guest, 1)
        guest.end()


def attack(start, which: attacks.Attack, options: argparse.Namespace) -> Cost:
    with tempfile.TemporaryDirectory(prefix="switchboard-asymmetry.") as name:
        folder = pathlib.Path(name)
        make_root(folder)
        victim, ports = start(options, folder)
        attacker = attacks.Attacker(ports[which.protocol])
        try:
            victim.await_ready()
            warm_up(ports)
            cpu_us = victim.cpu_us_at_rest()
            resident = victim.resident_bytes()
            which.run(attacker, max(1, round(which.connections * options.scale)))
            cpu_us = victim.cpu_us_at_rest() - cpu_us
            return Cost(attacker.connections, attacker.sent(), max(victim.peak_bytes() - resident, 0),
                        victim.socket_bytes(attacker.port), cpu_us)
        finally:
            attacker.end()
            victim.stop()


def make_root(folder: pathlib.Path) -> None:
    root = folder / "root"
    root.mkdir()
    for name, size in (("1k.bin", 1 << 10), ("64k.bin", 1 << 16), ("large.bin", 1 << 26)):
        with (root / name).open("wb") as file:
            file.truncate(size)
    for path in (folder, root):
        path.chmod(0o755)


def cell(value: float) -> str:
    """Three figures."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def report(results: dict) -> str:
    lines = ["| attack | server | connections | sent by each, bytes | held for each, KiB | of it by the kernel | "
             "bytes held for a byte | CPU µs for a byte |",
             "| ------ | ------ | ----------: | ------------------: | -----------------: | ------------------: | "
             "--------------------: | ----------------: |"]
    for (which, server), costs in results.items():
        def median(of) -> float:
            return statistics.median(of(cost) for cost in costs)
        cells = [f"{which.name} ({which.protocol})", server, f"{costs[0].connections:,}",
                 f"{median(lambda c: c.sent / c.connections):,.0f}",
                 cell(median(lambda c: (c.process_bytes + c.kernel_bytes) / c.connections / 1024)),
                 cell(median(lambda c: c.kernel_bytes / c.connections / 1024)),
                 cell(median(lambda c: (c.process_bytes + c.kernel_bytes) / c.sent)),
                 cell(median(lambda c: c.cpu_us / c.sent))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("switchboard", "server-core", "load-core", "command"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--only", type=re.compile, default=re.compile(""))
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    chosen = [which for which in attacks.ATTACKS if options.only.search(which.name)]
    if not chosen:
        parser.error(f"there is no such attack; there are: {', '.join(which.name for which in attacks.ATTACKS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {int(options.load_core)})
    results: dict = {}
    for turn in range(options.rounds):
        for which in chosen:
            print(f"asymmetry: round {turn + 1} of {options.rounds}, {which.name} ({which.protocol})", file=sys.stderr)
            servers = [(OURS, start_switchboard)] + [(THEIRS, start_nginx)] * (which.protocol == "http")
            for server, start in servers if turn % 2 == 0 else reversed(servers):
                results.setdefault((which, server), []).append(attack(start, which, options))
    order = {which: place for place, which in enumerate(chosen)}
    results = dict(sorted(results.items(), key=lambda item: (order[item[0][0]], item[0][1] != OURS)))
    text = (f"`{options.command}`, {time.strftime('%Y-%m-%d')}: {machine()}. Medians of {options.rounds} rounds.\n\n"
            f"{report(results)}")
    print(text)
    if options.page:
        write_page(options.page, text, BEGIN, END)


if __name__ == "__main__":
    main()
