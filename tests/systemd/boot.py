#!/usr/bin/env python3
"""Boots a systemd of its own and runs the server's unit in it.

The systemd is the real one, as process 1 of namespaces of its own (processes, mounts, network, control groups): it sees
copies of /etc and /usr/local/bin, an empty /var and /run, and a network with a loopback only. Nothing of the machine is
changed, and nothing is left when it ends. Needs root and the Debian package systemd.
"""

import argparse
import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SYSTEMD = pathlib.Path("/lib/systemd/systemd")
# What the guest finds below /run: the programs, the units, the cases, and the file for what they print.
GUEST = pathlib.Path("/run/switchboard-test")
CLONE = {"mounts": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "pid": 0x20000000,
         "net": 0x40000000}
PR_SET_PDEATHSIG = 1
# Of what a boot usually pulls in, a service needs no more than its log.
KEPT = ("systemd-journald",)
CASES_UNIT = """[Unit]
DefaultDependencies=no
After=systemd-journald.socket
Wants=systemd-journald.socket
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart={command}
StandardOutput=append:{guest}/output
StandardError=inherit
"""

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enter_namespaces(folder: pathlib.Path) -> pathlib.Path:
    """All but that of the processes, which is the next child's. Returns the control group that the guest gets."""
    checked(libc.unshare(CLONE["mounts"] | CLONE["uts"] | CLONE["ipc"] | CLONE["net"]), "unshare")
    mount("--make-rprivate", "/")
    groups = folder / "cgroup"
    groups.mkdir()
    mount("-t", "cgroup2", "none", groups)
    group = groups / folder.name
    group.mkdir()
    (group / "cgroup.procs").write_text(str(os.getpid()))
    checked(libc.unshare(CLONE["cgroup"] | CLONE["pid"]), "unshare")
    return group


def copy_over(folder: pathlib.Path, place: pathlib.Path) -> None:
    """Mounts a private copy of a directory over it."""
    copy = folder / f"copy{str(place).replace('/', '-')}"
    copy.mkdir()
    mount("-t", "tmpfs", "tmpfs", copy)
    subprocess.run(["cp", "-a", f"{place}/.", copy], check=True)
    mount("--move", copy, place)


def furnish(folder: pathlib.Path, command: list[str]) -> None:
    """The guest's view of the files; only its own mounts are touched."""
    mount("-t", "proc", "proc", "/proc")
    mount("--bind", "/proc/sys", "/proc/sys")
    mount("-o", "remount,bind,ro", "/proc/sys")
    mount("-o", "remount,bind,ro", "/sys")
    mount("-t", "cgroup2", "none", "/sys/fs/cgroup")
    for place in ("/etc", "/usr/local/bin"):
        copy_over(folder, pathlib.Path(place))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    GUEST.mkdir()
    mount("--bind", folder, GUEST)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var")
    for name in ("lib", "log", "cache", "tmp"):
        pathlib.Path("/var", name).mkdir()

    units = pathlib.Path("/etc/systemd/system")
    shutil.rmtree(units, ignore_errors=True)
    units.mkdir(parents=True)
    for wanted in pathlib.Path("/lib/systemd/system").glob("*.target.wants/*"):
        if not wanted.name.startswith(KEPT) and wanted.suffix != ".target" and not os.path.lexists(units / wanted.name):
            (units / wanted.name).symlink_to("/dev/null")
    (units / "cases.service").write_text(CASES_UNIT.format(command=" ".join(command), guest=GUEST))
    for name in ("switchboard.service", "switchboard.socket"):
        shutil.copy(GUEST / name, units / name)
    for name in ("switchboard", "client-sim"):
        if (GUEST / name).exists():
            shutil.copy(GUEST / name, pathlib.Path("/usr/local/bin", name))


def become_systemd(folder: pathlib.Path, command: list[str]) -> None:
    checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    furnish(folder, command)
    console = os.open(folder / "console", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for fd in (1, 2):
        os.dup2(console, fd)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    environment = {"container": "switchboard-test", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    os.execve(SYSTEMD, [str(SYSTEMD), "--system", "--unit=cases.service", "--log-target=console", "--log-level=notice",
                        "--show-status=no"], environment)


def await_end(pid: int, timeout_s: float) -> int | None:
    """The exit code of the child; None when it was killed because it took too long, or died of a signal."""
    pidfd = os.pidfd_open(pid)
    is_over = bool(select.select([pidfd], [], [], timeout_s)[0])
    if not is_over:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if is_over and os.WIFEXITED(status) else None


def remove_group(group: pathlib.Path) -> None:
    """Once the last process of the guest is gone, which takes the kernel a moment."""
    (group.parent / "cgroup.procs").write_text(str(os.getpid()))
    deadline = time.monotonic() + 10
    for path, _, _ in os.walk(group, topdown=False):
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def boot(folder: pathlib.Path, command: list[str], timeout_s: float) -> int:
    group = enter_namespaces(folder)
    pid = os.fork()
    if pid == 0:
        try:
            become_systemd(folder, command)
        except BaseException as error:  # whatever it was, this process must not go on as its parent
            print(f"boot: {error}", file=sys.stderr, flush=True)
        os._exit(125)
    code = await_end(pid, timeout_s)
    remove_group(group)
    output = folder / "output"
    sys.stdout.write(output.read_text(errors="replace") if output.exists() else "")
    if code is None:
        print(f"boot: not finished after {timeout_s:.0f} s, or systemd has died")
    if code != 0:
        print("---- systemd's own words:\n" + (folder / "console").read_text(errors="replace"))
    return 124 if code is None else code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, help="the folder of switchboard (build/release/bin)")
    parser.add_argument("--timeout", type=float, default=100, metavar="S", help="seconds until it is given up (100)")
    parser.add_argument("--probe", action="store_true", help="only try whether systemd runs here; the exit code says it")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="as check_unit.py --help names them; without any: all")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.exit(1, "boot: this needs root\n")
    if not SYSTEMD.exists():
        parser.exit(1, f"boot: there is no {SYSTEMD}: install the package systemd\n")
    if not arguments.probe and not arguments.bin:
        parser.error("--bin is missing")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="switchboard-systemd."))
    try:
        for file in (HERE / "check_unit.py", HERE / "echo_clients.py", ROOT / "conf/switchboard.service",
                     ROOT / "conf/switchboard.socket"):
            shutil.copy(file, folder)
        if arguments.bin:
            shutil.copy(arguments.bin / "switchboard", folder)
        command = ["/bin/true"] if arguments.probe else [sys.executable, str(GUEST / "check_unit.py"), *arguments.cases]
        # In a child, so that this process stays where it can remove the folder.
        child = os.fork()
        if child == 0:
            code = 125
            try:
                code = boot(folder, command, arguments.timeout)
                sys.stdout.flush()
            except Exception as error:
                print(f"boot: {error}", file=sys.stderr, flush=True)
            os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
