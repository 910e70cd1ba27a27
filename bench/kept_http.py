#!/usr/bin/env python3
"""How many requests on kept HTTP connections are lost while a server is reloaded: 16 clients, 42,000 requests, 10 reloads.

Each client asks again and again on one connection, and connects anew when an answer says `Connection: close`. A request
that gets no whole answer is lost: it isn't asked again. The same with nginx, if it is there. Prints a table, and with
--write puts it into docs/RELIABILITY.md. The exit code is 1 when Switchboard has lost one.
"""

import argparse
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/RELIABILITY.md"
PATIENCE_S = 30
MARKS = ("<!-- kept_http.py: begin -->", "<!-- kept_http.py: end -->")
NGINX = """daemon off; worker_processes 2; pid {folder}/server.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; {more}
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; }}
}}
"""


class Clients:
    def __init__(self, port: int, clients: int, requests: int):
        self.port = port
        self.answered = self.lost = 0
        self._lock = threading.Lock()
        self.left = requests
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection = None
        while True:
            with self._lock:
                if self.left == 0:
                    return
                self.left -= 1
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
            is_whole = False
            try:
                connection.request("GET", "/small.txt")
                answer = connection.getresponse()
                is_whole = answer.read() == b"small" and answer.status == 200
                if answer.will_close:
                    connection.close()
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
            with self._lock:
                self.answered += is_whole
                self.lost += not is_whole


def wait_for(what: str, condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.005)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def workers_of(master: int) -> set[str]:
    return set(pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split())


def measure(command: list, folder: pathlib.Path, port: int, arguments: argparse.Namespace) -> tuple[int, int]:
    """Answered and lost."""
    process = subprocess.Popen([str(word) for word in command], cwd=folder)
    try:
        wait_for("the server", lambda: accepts(port))
        clients = Clients(port, arguments.clients, arguments.requests)
        for reload in range(arguments.reloads):
            due = arguments.requests * (arguments.reloads - reload) // (arguments.reloads + 1)
            wait_for("the clients", lambda: clients.left <= due)
            before = workers_of(process.pid)
            process.send_signal(signal.SIGHUP)
            wait_for("the old workers to go", lambda: not before & workers_of(process.pid))
        clients.join()
        return clients.answered, clients.lost
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(PATIENCE_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def row(name: str, command: list, folder: pathlib.Path, port: int, arguments: argparse.Namespace) -> str:
    answered, lost = measure(command, folder, port, arguments)
    row.lost[name] = lost
    return f"| {name} | {arguments.reloads} | {answered + lost:,} | {lost} |"


row.lost = {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where bin/switchboard is")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--requests", type=int, default=42000)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--write", action="store_true", help="put the table into docs/RELIABILITY.md")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="switchboard-kept."))
    os.chmod(folder, 0o755)
    (folder / "root").mkdir()
    (folder / "root/small.txt").write_text("small")
    lines = ["| server | reloads | requests | lost |", "| ------ | ------: | -------: | ---: |"]
    try:
        port = free_port()
        (folder / "server.toml").write_text(
            f'[server]\nworkers = 2\nworking_directory = "{folder}"\n[[listener]]\naddress = "127.0.0.1"\n'
            f'port = {port}\nprotocol = "http"\nroot = "root"\n')
        program = arguments.build.resolve() / "bin/switchboard"
        lines.append(row("Switchboard", [program, "-f", "-c", folder / "server.toml"], folder, port, arguments))
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if nginx:
            version = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr.strip().partition("/")[2]
            # keepalive_min_timeout came with 1.27.4.
            has_it = tuple(map(int, re.findall(r"\d+", version)[:3])) >= (1, 27, 4)
            settings = ("", " keepalive_min_timeout 1s;") if has_it else ("",)
            for more in settings:
                port = free_port()
                (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, more=more))
                name = f"nginx {version}{', keepalive_min_timeout 1s' if more else ''}"
                lines.append(row(name, [nginx, "-e", folder / "error.log", "-c", folder / "nginx.conf"], folder, port, arguments))
            if not has_it:
                lines.append("\nThis nginx has no keepalive_min_timeout, which came with 1.27.4.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = "\n".join(lines)
    print(table)
    if arguments.write:
        before, _, rest = PAGE.read_text().partition(MARKS[0])
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{table}\n\n{MARKS[1]}{rest.partition(MARKS[1])[2]}")
    return row.lost["Switchboard"] > 0


if __name__ == "__main__":
    sys.exit(main())
