#!/usr/bin/env python3
"""Runs the measurements of instructions.sh, and compares them with the recorded ones or records them."""

import argparse
import collections
import os
import pathlib
import platform
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import zlib

CONNECTIONS = 64
TOLERANCE = 0.03
PATIENCE_S = 60
FILE = b"x" * 1024
SHIM = "openat2.so"  # stands between the server and its C library here, and nowhere else


def packet(code: int, body: bytes) -> bytes:
    return struct.pack(">HHI", 8 + len(body), code, zlib.crc32(body) if body else 0) + body


PING, ECHO = packet(0, b""), packet(7, b"e" * 56)
GET = b"GET /bench HTTP/1.1\r\nHost: localhost\r\n\r\n"
# name -> (what is asked, how often a batch of one connection asks it, batches that are counted)
LOADS = {
    "inline-ping-64x16": (PING, 16, 200),
    "pool-echo-64x16": (ECHO, 16, 200),
    "pool-echo-64x1": (ECHO, 1, 1000),
    "http-file-64x16": (GET, 16, 100),
}
WARM_UP = 20  # batches before


class Server:
    """The server with one worker, under callgrind, on the core of this script."""

    def __init__(self, program: pathlib.Path, shim: str, folder: pathlib.Path):
        root = folder / "root"
        root.mkdir()
        (root / "bench").write_bytes(FILE)
        os.utime(root / "bench", (0, 0))  # a file that has just changed gets another ETag than an old one
        log = folder / "log"
        # The sandbox costs no instructions in user space, and valgrind makes calls that it would refuse.
        settings = ("server.workers=1", "server.watchdog_s=0", "server.sandbox=off",
                    f"server.working_directory={folder}", "log.file=stderr", "business.threads=2", "listener.0.port=0",
                    "listener.0.address=127.0.0.1", "listener.1.port=0", "listener.1.address=127.0.0.1",
                    "listener.1.protocol=http", f"listener.1.root={root}")
        command = ["valgrind", "--tool=callgrind", "--fair-sched=yes", f"--callgrind-out-file={folder}/out.%p",
                   str(program), "-c", "/dev/null", "--foreground", *(f"--set={pair}" for pair in settings)]
        with log.open("w") as out:
            self._master = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "LD_PRELOAD": shim})
        self.ports, worker = [], None
        with subprocess.Popen(["timeout", str(PATIENCE_S), "tail", "--lines=+1", "--follow", log],
                              stdout=subprocess.PIPE, text=True) as follow:
            for line in follow.stdout:
                if ready := re.search(r"worker process 0 \((\d+)\) is ready", line):
                    worker = int(ready[1])
                if port := re.search(r"listening on \S*:(\d+)", line):
                    self.ports.append(int(port[1]))
                if worker and len(self.ports) == 2:
                    break
            follow.terminate()
        if not worker or len(self.ports) < 2:
            self._master.kill()
            raise SystemExit("instructions: the server does not start:\n" + log.read_text())
        self.worker = worker
        self._profile = folder / f"out.{worker}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        if self._master.poll() is None:
            os.kill(self.worker, signal.SIGKILL)
            self._master.kill()
            self._master.wait()

    def stop(self) -> collections.Counter:
        """Ends it, and gives the instructions of each function of the worker."""
        self._master.terminate()
        self._master.wait(PATIENCE_S)
        return self_cost(self._profile.read_text())


def self_cost(profile: str) -> collections.Counter:
    """Instructions of each function, without those of the functions that it calls, from a file of callgrind's."""
    names, cost, function, library, is_call = {}, collections.Counter(), "", "", False
    for line in profile.splitlines():
        if entry := re.match(r"(c?)(fn|ob)=(\(\d+\))(?: (.*))?", line):
            callee, kind, number, name = entry.groups()
            name = names.setdefault((kind, number), name)
            if kind == "ob" and not callee:
                library = pathlib.Path(name).name
            elif kind == "fn" and not callee:
                function = f"{name} in {library}" if name.startswith("0x") else name
        elif line.startswith("calls="):
            is_call = True  # the next line is what the call cost in all
        elif re.match(r"[\d+*-]", line):
            if not is_call and library != SHIM:
                cost[function] += int(line.split()[1])
            is_call = False
    return cost


def receive(connection: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        more = connection.recv(1 << 20)
        if not more:
            raise SystemExit("instructions: the server hung up")
        got += more
    return bytes(got)


def reply_to(port: int, request: bytes) -> bytes:
    """The answer to one request; its length is in its head."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(request)
        if not request.startswith(b"GET"):
            return receive(connection, len(request))
        reply = b""
        while not reply.endswith(FILE):
            reply += receive(connection, 1)
        return reply


def drive(server: Server, request: bytes, depth: int, batches: int) -> None:
    """Sends batch after batch. The worker rests while all connections are written to, so that what it finds, and thus
    what it does, is the same each time."""
    port = server.ports[request.startswith(b"GET")]
    size = depth * len(reply_to(port, request))
    connections = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(CONNECTIONS)]
    for _ in range(batches):
        os.kill(server.worker, signal.SIGSTOP)
        for connection in connections:
            connection.sendall(request * depth)
        os.kill(server.worker, signal.SIGCONT)
        for connection in connections:
            receive(connection, size)
    for connection in connections:
        connection.close()


def profile(options: argparse.Namespace, load: str, batches: int) -> collections.Counter:
    request, depth, _ = LOADS[load]
    with tempfile.TemporaryDirectory(prefix="switchboard-instructions.") as folder:
        with Server(options.server, options.shim, pathlib.Path(folder)) as server:
            drive(server, request, depth, batches)
            return server.stop()


def measure(options: argparse.Namespace, load: str) -> tuple[float, collections.Counter]:
    """Instructions a packet, in all and by function: of a long run without those of a short one, so that start and
    stop cancel out."""
    _, depth, batches = LOADS[load]
    cost = profile(options, load, WARM_UP + batches)
    cost.subtract(profile(options, load, WARM_UP))
    packets = CONNECTIONS * depth * batches
    each = collections.Counter({name: count / packets for name, count in cost.items()})
    return sum(each.values()), each


def show(load: str, total: float, each: collections.Counter, top: int) -> None:
    print(f"{load:20}{total:9.1f} instructions a packet", flush=True)
    for name, count in each.most_common(top):
        print(f"    {count:8.1f}  {count / total:4.0%}  {name if len(name) < 100 else name[:97] + '...'}")


def read_record(path: pathlib.Path) -> dict[str, float]:
    lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {load: float(count) for load, count in lines}


def write_record(path: pathlib.Path, totals: dict[str, float]) -> None:
    compiler = subprocess.run(["c++", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    head = f"# Instructions a packet, by bench/instructions.sh --record; {compiler}, {platform.machine()}\n"
    path.write_text(head + "".join(f"{load} {count:.1f}\n" for load, count in totals.items()))
    print(f"recorded in {path}")


def check(path: pathlib.Path, totals: dict[str, float]) -> int:
    record, failed = read_record(path), 0
    for load, count in totals.items():
        ratio = count / record[load]
        is_over = ratio > 1 + TOLERANCE
        failed += is_over
        note = "TOO MANY" if is_over else "fine" if ratio > 1 - TOLERANCE else "fewer: record it, lest they come back"
        print(f"{load:20}{count:9.1f}, recorded {record[load]:.1f}: {ratio - 1:+.1%}  {note}")
    if failed:
        print("instructions: more than the record allows; it was made with\n" + path.read_text().splitlines()[0])
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--loads", default=",".join(LOADS))
    parser.add_argument("--top", type=int, default=12)
    parser.add_argument("--check", type=pathlib.Path)
    parser.add_argument("--record", type=pathlib.Path)
    options = parser.parse_args()
    # On one core with the server, this script knows that who was stopped stands still: it can't be running elsewhere.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    totals = {}
    for load in options.loads.split(","):
        totals[load], each = measure(options, load)
        show(load, totals[load], each, options.top)
    if options.record:
        write_record(options.record, totals)
    return check(options.check, totals) if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
