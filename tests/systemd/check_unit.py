#!/usr/bin/env python3
"""What holds for the server's unit under a real systemd; boot.py runs this inside of one."""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import traceback

from echo_clients import ECHO, PATIENCE_S, Connection, EchoClients, frame

UNIT = "switchboard.service"
FILES = pathlib.Path("/var/lib/switchboard")
CONFIG = pathlib.Path("/etc/switchboard/switchboard.toml")
DROP_IN = pathlib.Path(f"/etc/systemd/system/{UNIT}.d/test.conf")
CLIENTS = 40
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Failure(Exception):
    """What must hold doesn't."""


def expect(condition, what: str) -> None:
    if not condition:
        raise Failure(what)


def wait_for(what: str, condition, patience_s: float = PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        expect(time.monotonic() < deadline, f"waited {patience_s} s in vain for {what}")
        time.sleep(0.01)
    return value


# ---- The operator ----


def systemctl(*arguments: str, fails: bool = False) -> str:
    result = subprocess.run(["systemctl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    expect((result.returncode != 0) == fails,
           f"systemctl {' '.join(arguments)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def shown(what: str) -> str:
    return systemctl("show", "--property", what, "--value", UNIT).strip()


def main_pid() -> int:
    return int(shown("MainPID"))


def configure(more: str = "", port: int = 9000, workers: int = 2) -> None:
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(f'[server]\nworking_directory = "{FILES}"\nworkers = {workers}\n'
                      f'[[listener]]\naddress = "0.0.0.0"\nport = {port}\n{more}')


def add_to_unit(text: str) -> None:
    DROP_IN.parent.mkdir(exist_ok=True)
    DROP_IN.write_text(text)
    systemctl("daemon-reload")


def start() -> int:
    """The server; its main process."""
    systemctl("start", UNIT)
    expect(shown("ActiveState") == "active", "it isn't active")
    return main_pid()


def processes() -> list[int]:
    group = pathlib.Path("/sys/fs/cgroup/system.slice", UNIT, "cgroup.procs")
    return [int(pid) for pid in group.read_text().split()] if group.exists() else []


def workers() -> set[int]:
    titles = {pid: title_of(pid) for pid in processes()}
    return {pid for pid, title in titles.items() if "worker process" in title}


def title_of(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def old_master() -> int:
    try:
        return int((FILES / "switchboard.pid.oldbin").read_text())
    except (OSError, ValueError):
        return 0


def upgrade() -> int:
    """As the page for operators says. The old master, which still serves."""
    before = main_pid()
    systemctl("kill", "--signal=USR2", "--kill-whom=main", UNIT)
    wait_for("the new master to be the main process", lambda: main_pid() not in (0, before))
    expect(old_master() == before, "the old master has no pid file")
    return before


def is_served(port: int = 9000) -> bool:
    try:
        connection = Connection(("127.0.0.1", port))
        connection.socket.sendall(frame(ECHO, b"hello"))
        answer = connection.read_frame()
        connection.socket.close()
        return answer == (ECHO, b"hello")
    except OSError:
        return False


def stop_and_judge(clients: EchoClients) -> None:
    clients.may_end.set()
    systemctl("stop", UNIT)
    clients.join()
    expect(clients.verdict() == "", clients.verdict())
    expect(shown("ActiveState") == "inactive" and shown("Result") == "success",
           f"it is {shown('ActiveState')}: {shown('Result')}")
    expect(not processes(), f"something still runs: {[title_of(pid) for pid in processes()]}")


# ---- D1: upgrades, stops, restarts ----


@case
def AStopAfterAnUpgradeLosesNobody() -> None:
    start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    old = upgrade()
    os.kill(old, signal.SIGQUIT)
    wait_for("the old master to leave", lambda: not os.path.exists(f"/proc/{old}"))
    wait_for("clients to have moved", lambda: clients.told)
    stop_and_judge(clients)


@case
def AStopWhileBothBinariesServeLosesNobody() -> None:
    start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    upgrade()
    stop_and_judge(clients)


@case
def AnUpgradeFollowsTheOther() -> None:
    start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    for _ in range(3):
        old = upgrade()
        os.kill(old, signal.SIGQUIT)
        wait_for("the old master to leave", lambda: not os.path.exists(f"/proc/{old}"))
        expect(shown("ActiveState") == "active", "it isn't active")
    stop_and_judge(clients)


@case
def ARestartLosesNoRequest() -> None:
    before = start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    systemctl("restart", UNIT)
    expect(main_pid() != before, "the main process is the same")
    served = clients.answers
    wait_for("the clients to be back", lambda: clients.answers > served + 10 * CLIENTS)
    stop_and_judge(clients)


@case
def WithTheSocketUnitARestartRefusesNobody() -> None:
    systemctl("start", "switchboard.socket")
    start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    systemctl("restart", UNIT)
    served = clients.answers
    wait_for("the clients to be back", lambda: clients.answers > served + 10 * CLIENTS)
    clients.stop()
    expect(clients.verdict() == "", clients.verdict())
    expect(clients.refused == 0, f"{clients.refused} clients were refused")
    # The first client starts it anew.
    systemctl("stop", UNIT)
    expect(is_served(), "a client doesn't start the server")
    wait_for("systemd to hear of it", lambda: shown("ActiveState") == "active")


# ---- D3: what fails says so ----


@case
def AReloadThatFailsSaysSoAndChangesNothing() -> None:
    start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    before = workers()
    configure("[business]\nthreads = 0\n")
    systemctl("reload", UNIT, fails=True)
    expect("business.threads: 0 is out of range" in shown("StatusText"), f"STATUS={shown('StatusText')}")
    expect("business.threads: 0 is out of range" in systemctl("status", "--no-pager", UNIT), "systemctl status doesn't say")
    expect(workers() == before, "workers have changed")
    # What passes the check of the file, and fails as it is done: the port is somebody else's.
    with socket.create_server(("127.0.0.1", 9001)):
        configure("[[listener]]\nport = 9001\n")
        systemctl("reload", UNIT, fails=True)
        expect("cannot listen on 0.0.0.0:9001" in shown("StatusText"), f"STATUS={shown('StatusText')}")
    expect(workers() == before, "workers have changed")
    expect(shown("ActiveState") == "active", "it isn't active")
    configure()
    systemctl("reload", UNIT)
    expect("reloaded: generation" in shown("StatusText"), f"STATUS={shown('StatusText')}")
    stop_and_judge(clients)


@case
def AStartThatFailsSaysWhy() -> None:
    configure("[business]\nthreads = 0\n")
    systemctl("start", UNIT, fails=True)
    systemctl("stop", UNIT)
    log = subprocess.run(["journalctl", "--no-pager", "--unit", UNIT], capture_output=True, text=True).stdout
    expect("business.threads: 0 is out of range" in log, log)


# ---- D5: it comes back when the cause is gone ----


def expect_comes_back(break_it, mend) -> None:
    start()
    systemctl("stop", UNIT)
    break_it()
    systemctl("start", UNIT, fails=True)
    wait_for("five more starts", lambda: int(shown("NRestarts")) >= 5)
    expect(shown("ActiveState") == "activating", f"it is {shown('ActiveState')}: {shown('Result')}")
    mend()
    wait_for("the server to come back", lambda: shown("ActiveState") == "active")
    expect(is_served(), "it doesn't serve")


@case
def ItComesBackHoweverOftenItsConfigurationWasWrong() -> None:
    expect_comes_back(lambda: configure("[business]\nthreads = 0\n"), configure)


@case
def ItComesBackHoweverOftenItHasCrashedAtItsStart() -> None:
    program = pathlib.Path("/usr/local/bin/switchboard")
    healthy = program.with_suffix(".healthy")

    def crash() -> None:
        program.rename(healthy)
        program.write_text('#!/bin/sh\n[ "$1" = -f ] || exit 0\nkill -SEGV $$\n')
        program.chmod(0o755)
    expect_comes_back(crash, lambda: healthy.replace(program))


# ---- D6: ports under 1024 ----


@case
def APortUnder1024AsTheUnitAdvises() -> None:
    configure(port=80)
    systemctl("start", UNIT, fails=True)
    systemctl("stop", UNIT)
    # The words of the unit's own comment.
    add_to_unit("[Service]\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
                "PrivateUsers=no\n")
    start()
    expect(is_served(80), "it doesn't serve on port 80")
    systemctl("reload", UNIT)
    old = upgrade()
    os.kill(old, signal.SIGQUIT)
    wait_for("the old master to leave", lambda: not os.path.exists(f"/proc/{old}"))
    expect(is_served(80), "it doesn't serve on port 80 after an upgrade")


@case
def APortUnder1024OfTheSocketUnit() -> None:
    configure(port=80)
    unit = pathlib.Path("/etc/systemd/system/switchboard.socket")
    unit.write_text(unit.read_text().replace(":9000", ":80"))
    systemctl("daemon-reload")
    systemctl("start", "switchboard.socket")
    start()
    expect(is_served(80), "it doesn't serve on port 80")


# ---- D7: the master dies ----


@case
def WhenTheMasterIsKilledEveryClientIsToldAndItComesBack() -> None:
    before = start()
    clients = EchoClients(("127.0.0.1", 9000), CLIENTS)
    os.kill(before, signal.SIGKILL)
    wait_for("another main process", lambda: shown("ActiveState") == "active" and main_pid() not in (0, before))
    served = clients.answers
    wait_for("the clients to be back", lambda: clients.answers > served + 10 * CLIENTS)
    expect(len(clients.told) == CLIENTS, f"{len(clients.told)} of {CLIENTS} clients got a GoAway")
    expect(clients.ended == 0, f"{clients.ended} connections have just ended")
    wait_for("the orphans to leave", lambda: len(workers()) == 2)
    stop_and_judge(clients)


# ---- D15: Type=notify with a daemon ----


@case
def ADaemonUnderNotifyIsTheMainProcess() -> None:
    add_to_unit("[Service]\nExecStart=\nExecStart=/usr/local/bin/switchboard -c /etc/switchboard/switchboard.toml\n")
    start()
    expect(str(main_pid()) == (FILES / "switchboard.pid").read_text().strip(), "the main process isn't the master")
    expect(is_served(), "it doesn't serve")
    systemctl("stop", UNIT)
    expect(not processes(), "something still runs")


def run(name: str) -> bool:
    begin = time.monotonic()
    try:
        configure()
        CASES[name]()
        print(f"ok      {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        return True
    except Exception as error:
        if not isinstance(error, Failure):
            traceback.print_exc(file=sys.stdout)
        print(f"FAILED  {name}: {error}", flush=True)
        subprocess.run(["systemctl", "status", "--no-pager", "--lines=50", UNIT])
        log = FILES / "switchboard.log"
        print(log.read_text() if log.exists() else "there is no log", flush=True)
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog="cases: " + ", ".join(CASES))
    parser.add_argument("cases", nargs="*", metavar="CASE", help="without any: all, one after the other")
    names = parser.parse_args().cases or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    failed = 0
    for name in names:
        failed += not run(name)
        subprocess.run(["systemctl", "stop", UNIT, "switchboard.socket"], stderr=subprocess.DEVNULL)
        subprocess.run(["systemctl", "reset-failed"])
        DROP_IN.unlink(missing_ok=True)
        (FILES / "switchboard.log").unlink(missing_ok=True)
        subprocess.run(["cp", "/run/switchboard-test/switchboard.socket", "/etc/systemd/system"], check=True)
        systemctl("daemon-reload")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
