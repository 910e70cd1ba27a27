#!/usr/bin/env python3
"""What client-sim shows: the JSON of several kinds of run keeps its schema, and the live view behaves on a terminal.

usage: check_reports.py FOLDER_OF_PROGRAMS SCHEMA
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

try:
    import jsonschema
except ImportError:
    # Debian's package serves Debian's Python, which needn't be the first one on the path.
    if os.path.samefile(sys.executable, "/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

RUNS = {
    "a closed loop": (["--requests", "500"], 0),
    "an open loop after a warm-up": (["--rate", "500", "--warmup", "200ms", "--duration", "400ms", "--poisson"], 0),
    "steps": (["--steps", "200,400", "--duration", "300ms"], 0),
    "a search": (["--find-max", "--slo", "p50=1us", "--duration", "100ms"], 4),
    "attacks": (["--rate", "200", "--duration", "300ms", "--attack", "bad-crc,unknown-code"], 0),
    "attackers alone": (["--connections", "0", "--duration", "200ms", "--attack", "garbage"], 0),
}


REDRAWN = re.compile(rb"\x1b\[\d+A")  # the cursor goes up


class Server:
    """The demo server on any free port, in a folder of its own."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path) -> None:
        settings = ["server.workers=1", f"server.working_directory={folder}", f"server.pid_file={folder}/server.pid",
                    "listener.0.address=127.0.0.1", "listener.0.port=0", "log.file=stderr"]
        command = [programs / "switchboard", "--foreground", "-c", "/dev/null"]
        for setting in settings:
            command += ["--set", setting]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self._process.stderr:
            if found := re.search(r"listening on (127\.0\.0\.1:\d+)", line):
                self.address = found.group(1)
                return
        sys.exit("the server does not start")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.communicate()


def check_schema(program: pathlib.Path, address: str, schema: dict, folder: pathlib.Path) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(schema)
    problems = []
    for name, (arguments, code) in RUNS.items():
        report = folder / "report.json"
        command = [program, "--connect", address, "--quiet", "--json", report, *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != code:
            problems.append(f"{name}: exit code {run.returncode}: {run.stdout}{run.stderr}")
            continue
        text = json.loads(report.read_text())
        problems += [f"{name}: {error.json_path}: {error.message}"
                     for error in jsonschema.Draft202012Validator(schema).iter_errors(text)]
        unknown = set(text) - set(schema["properties"])
        problems += [f"{name}: the schema doesn't know {field}" for field in sorted(unknown)]
    return problems


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def output_on_terminal(command: list, columns: int) -> tuple[str, int]:
    """Runs it on a terminal, stops it as Ctrl-C does when its view was drawn again, and returns all that it wrote."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm"
        os.execv(command[0], [str(word) for word in command])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    output = b""
    isStopped = False
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # EIO: nobody has the other end any more
            break
        if not piece:
            break
        output += piece
        if not isStopped and REDRAWN.search(output):
            isStopped = True
            os.write(terminal, b"\x03")
    _, status = os.waitpid(process, 0)
    return output.decode(), os.waitstatus_to_exitcode(status)


def check_view(program: pathlib.Path, address: str) -> list[str]:
    problems = []
    for columns in (80, 40, 20):
        command = [program, "--connect", address, "--connections", "2", "--rate", "200", "--duration", "1h"]
        text, code = output_on_terminal(command, columns)
        if code != 0:
            problems.append(f"{columns} columns: exit code {code}: {text}")
        view, _, _ = text.partition("\r\nrequests ")
        if "\x1b[" not in view:
            problems.append(f"{columns} columns: nothing is drawn again in its place")
        lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", view))
        problems += [f"{columns} columns: too wide: {line!r}" for line in lines[1:] if columns_of(line) > columns]
        if text.count("\x1b[?25l") != text.count("\x1b[?25h"):
            problems.append(f"{columns} columns: the cursor stays hidden")
    return problems


def check_broken_pipe(program: pathlib.Path, address: str, folder: pathlib.Path) -> list[str]:
    """Whoever reads the lines leaves, and the terminal hangs up: the report is written, in the place of the old one."""
    report = folder / "pipe.json"
    report.write_text("the old one")
    command = [program, "--connect", address, "--rate", "200", "--duration", "1h", "--json", report]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(2):
        run.stdout.readline()
    if report.read_text() != "the old one":
        return ["the old report is gone before the run is over"]
    run.stdout.close()
    run.send_signal(signal.SIGHUP)
    errors = run.stderr.read()
    if run.wait() != 0:
        return [f"a broken pipe: exit code {run.returncode}: {errors}"]
    left = sorted(path.name for path in folder.glob("pipe.json*"))
    return [] if json.loads(report.read_text())["exit_code"] == 0 and left == ["pipe.json"] else [f"left: {left}"]


def stuck_pipe() -> tuple[int, int]:
    """One that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def check_unread_pipe(program: pathlib.Path, address: str, folder: pathlib.Path) -> list[str]:
    """Nobody reads the lines, and nobody leaves: the run goes on, its report is written, and a signal ends the wait for
    who reads the table."""
    report = folder / "unread.json"
    reader, writer = stuck_pipe()
    command = [program, "--connect", address, "--rate", "200", "--duration", "1500ms", "--json", report]
    run = subprocess.Popen(command, stdout=writer)
    deadline = time.monotonic() + 30
    while not report.exists() and time.monotonic() < deadline:
        select.select([], [], [], 0.02)
    problems = [] if report.exists() else ["an unread pipe: the report waits for a reader"]
    if run.poll() is not None:
        problems.append("an unread pipe: the table was not printed into it")
    # A signal that comes before the run is over asks for its end, so one may not do.
    while run.poll() is None and time.monotonic() < deadline:
        run.send_signal(signal.SIGINT)
        select.select([], [], [], 0.02)
    if run.poll() is None:
        run.kill()
        problems.append("an unread pipe: no signal ends the wait for a reader")
    run.wait()
    os.close(reader)
    os.close(writer)
    return problems


def main() -> int:
    programs, schema = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    signal.alarm(110)
    # Who runs in the background of a shell has it ignored, and so would client-sim.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, Server(programs, pathlib.Path(folder)) as server:
        problems = check_schema(programs / "client-sim", server.address, schema, pathlib.Path(folder))
        problems += check_view(programs / "client-sim", server.address)
        problems += check_broken_pipe(programs / "client-sim", server.address, pathlib.Path(folder))
        problems += check_unread_pipe(programs / "client-sim", server.address, pathlib.Path(folder))
    print("\n".join(problems) or "the reports keep their schema, and the view keeps to its place")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
