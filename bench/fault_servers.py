"""The servers and the loads of faults.py: how each is started, told things, watched and stopped."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

PATIENCE_S = 30.0
LOOK_S = 0.002  # how often a condition is looked at: the grain of all times
PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    """Something that the script waits for doesn't come."""


def adopt_orphans() -> None:
    """What the servers leave behind becomes this process's child, so that it can be waited for, or killed."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def reap() -> None:
    """Buries adopted children that have ended; those of subprocess it leaves to subprocess."""
    for pid in children_of(os.getpid()):
        if pid not in Process.started:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def is_alive(pid: int) -> bool:
    reap()
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what: str, condition, patience: float = PATIENCE_S):
    """The first true value of the condition."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(LOOK_S)


def kill_all() -> None:
    """At the end, whatever it was: nothing keeps running."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and children_of(os.getpid()):
        for pid in children_of(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


class Process:
    """A child process whose output is kept."""

    started: set[int] = set()

    def __init__(self, command: list, folder: pathlib.Path):
        self.output = folder / f"{pathlib.Path(command[0]).name}.{len(Process.started)}.out"
        with self.output.open("w") as file:
            self._process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=file, stderr=file)
        self.pid = self._process.pid
        Process.started.add(self.pid)

    def end(self, number: int | None = signal.SIGTERM, patience: float = PATIENCE_S) -> int:
        """Signals it, if there is a number, and waits for its end; the exit code."""
        if number is not None and self._process.poll() is None:
            os.kill(self.pid, number)
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{self.output.name[:-4]} does not end") from error

    def has_ended(self) -> bool:
        return self._process.poll() is not None


class Server:
    """A master with workers, told what to do by signals. The subclasses know how each of the two says that it is done."""

    def __init__(self, folder: pathlib.Path, workers: int):
        self.folder = folder
        self.workers_wanted = workers
        self.pid_file = folder / "server.pid"
        self.port = 0
        folder.mkdir(parents=True)

    def master(self, pid_file: pathlib.Path | None = None) -> int:
        try:
            return int((pid_file or self.pid_file).read_text())
        except (OSError, ValueError):
            return 0

    def old_master(self) -> int:
        return self.master(self.folder / "server.pid.oldbin")

    def workers(self, master: int | None = None) -> list[int]:
        """Those of a master, by age."""
        return [pid for pid in children_of(master or self.master())
                if b"worker process" in self._command_line(pid)]

    @staticmethod
    def _command_line(pid: int) -> bytes:
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""

    def signal(self, number: int, pid: int | None = None) -> float:
        """To the master, or to that process; when it was sent."""
        sent = time.monotonic()
        os.kill(pid or self.master(), number)
        return sent

    def await_end_of(self, pids: list[int]) -> float:
        """When the last of them was gone."""
        wait_for(f"the end of {pids}", lambda: not any(is_alive(pid) for pid in pids))
        return time.monotonic()

    def serving(self, master: int | None = None) -> set[int]:
        """Those of a master's workers that are ready."""
        raise NotImplementedError

    def await_serving(self, but: list[int] = (), master: int | None = None) -> float:
        """When as many workers served as are wanted, none of `but` among them."""
        def condition() -> bool:
            serving = self.serving(master)
            return len(serving) == self.workers_wanted and not serving & set(but)
        wait_for("workers that serve", condition)
        return time.monotonic()

    def await_upgraded(self, old: int) -> int:
        """The new master, which serves."""
        new = wait_for("the new binary", lambda: self.master() != old and self.master())
        self.await_serving(master=new)
        return new

    def await_names_back(self, master: int) -> None:
        wait_for("the old pid file", lambda: self.master() == master and self.old_master() == 0)

    def stop(self) -> None:
        master = self.master()
        if master:
            os.kill(master, signal.SIGTERM)
            self.await_end_of([master])


class Switchboard(Server):
    """Our server, in the foreground."""

    def __init__(self, folder: pathlib.Path, build: pathlib.Path, workers: int = 2, program: str = "bin/switchboard",
                 log: pathlib.Path | None = None, **server_keys):
        super().__init__(folder, workers)
        self.build = build
        self.log = log or folder / "server.log"
        self._keys = server_keys
        self.config = folder / "server.toml"
        self.configure()
        self._process = Process([build / program, "-f", "-c", self.config], folder)
        self.wait_for_log("listening on ")
        self.port = int(re.search(r"listening on 127\.0\.0\.1:(\d+)", self.log.read_text()).group(1))

    def configure(self, workers: int | None = None, more: str = "") -> None:
        """Writes the configuration; `more` goes to its end."""
        self.workers_wanted = workers or self.workers_wanted
        keys = "".join(f"{name} = {value}\n" for name, value in self._keys.items())
        self.config.write_text(
            f'[server]\ndaemon = false\nworkers = {self.workers_wanted}\npid_file = "{self.pid_file}"\n'
            f'working_directory = "{self.folder}"\n{keys}[[listener]]\naddress = "127.0.0.1"\nport = 0\n'
            f'[log]\nfile = "{self.log}"\n{more}')

    def lines(self, text: str) -> list[str]:
        try:
            return [line for line in self.log.read_text(errors="replace").splitlines() if text in line]
        except OSError:
            return []

    def wait_for_log(self, text: str, times: int = 1) -> float:
        def condition() -> bool:
            if self._process.has_ended() and not self.master():
                raise Failure(f"the server has ended: {self._process.output.read_text()}")
            return len(self.lines(text)) >= times
        wait_for(f"'{text}' in the log", condition)
        return time.monotonic()

    def serving(self, master: int | None = None) -> set[int]:
        ready = (re.search(r"worker process \d+ \((\d+)\) is ready", line) for line in self.lines(" is ready"))
        return set(self.workers(master)) & {int(match.group(1)) for match in ready if match}

    def await_upgraded(self, old: int) -> int:
        new = super().await_upgraded(old)
        self.wait_for_log(f"new binary: process {new} serves")
        return new

    def status(self) -> dict[str, int]:
        text = subprocess.run([self.build / "bin/switchboard", "-c", self.config, "--status"], capture_output=True,
                              text=True, check=True).stdout
        pairs = (line.partition("=") for line in text.splitlines())
        return {key: int(value) for key, _, value in pairs if value.isdigit()}

    def totals(self) -> dict[str, int]:
        """At its end."""
        words = self.lines(" totals: ")[-1].partition(" totals: ")[2].split()
        return {key: int(value) for key, value in (word.split("=") for word in words)}


class Nginx(Server):
    """Debian's nginx, as a daemon: with `daemon off` it ignores an upgrade."""

    def __init__(self, folder: pathlib.Path, workers: int = 2):
        super().__init__(folder, workers)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.config = folder / "nginx.conf"
        temporary = "".join(f"{name}_temp_path {folder}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.config.write_text(
            f"worker_processes {workers};\npid {self.pid_file};\nerror_log {folder}/error.log notice;\n"
            f"events {{ worker_connections 4096; }}\nhttp {{\n{temporary}access_log off;\ndefault_type text/plain;\n"
            "keepalive_requests 1000000000;\nkeepalive_timeout 600;\n"
            f"server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 $request_uri; }} }}\n}}\n")
        Process([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", self.config, "-e",
                 folder / "error.log"], folder).end(None)
        wait_for("nginx", lambda: len(self.workers()) == workers)

    def serving(self, master: int | None = None) -> set[int]:
        return set(self.workers(master))


class Load:
    """Clients on a server until Stop: what they noticed is added up in `counts`.

    client-sim (if `sim`, its connections) sends at a fixed rate and checks every reply; fault-load's streams connect
    anew for each request, and its connections, if any, stay.
    """

    def __init__(self, server: Server, build: pathlib.Path, sim: int = 20, connections: int = 0, streams: int = 2,
                 protocol: str = "packet", drain: str = "10s", fault_options: list[str] = (),
                 sim_options: list[str] = ()):
        self.counts: dict[str, float] = {}
        self._report = server.folder / "client-sim.json"
        self._sim = None
        if sim:
            self._sim = Process([build / "bin/client-sim", "--connect", f"127.0.0.1:{server.port}", "--connections", sim,
                                 "--rate", "2000", "--reconnect", "--duration", "1h", "--drain", drain, "--quiet",
                                 "--json", self._report, *sim_options], server.folder)
        self._fault = Process([build / "bench/fault-load", "--port", server.port, "--connections", connections,
                               "--streams", streams, "--protocol", protocol, *fault_options], server.folder)

    def stop(self, number: int | None = signal.SIGTERM) -> dict[str, float]:
        code = self._fault.end(number)
        if code != 0:
            raise Failure(f"fault-load: {self._fault.output.read_text()}")
        self.counts = json.loads(self._fault.output.read_text())
        self.counts["sim_exit"] = 0
        if self._sim:
            self.counts["sim_exit"] = self._sim.end()
            if not self._report.exists():
                raise Failure(f"client-sim: {self._sim.output.read_text()}")
            self._add(json.loads(self._report.read_text())["ledger"])
        return self.counts

    def _add(self, ledger: dict[str, int]) -> None:
        faults = sum(ledger[name] for name in ("mismatched", "lost", "duplicated", "reordered", "unasked"))
        for name, value in (("requests", ledger["requests"]), ("wrong", faults), ("lost", ledger["in flight at reset"]),
                            ("ended", ledger["closed by server"]), ("left", ledger["go-aways"]),
                            ("failed", ledger["connect failures"])):
            self.counts[name] += value
        self.counts["sim_replies"] = ledger["replies"]
        self.counts["sim_failed"] = ledger["connect failures"]
