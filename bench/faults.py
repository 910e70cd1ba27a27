#!/usr/bin/env python3
"""Puts running servers through faults while clients watch; faults.sh starts it. Exit code 1: a target is missed."""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

import fault_servers
from fault_servers import Load, Nginx, Process, Server, Switchboard
from fault_table import Row, markdown, surroundings, write_page

WATCHDOG_S = 1
RESPAWN_S = 0.2
RECOVERY_S = WATCHDOG_S + 0.5
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[(?:debug|info|warn|error|alert)\] (\d+) [^:]+: (.+)")
EVENT = re.compile(r"event (\d+) of this worker, and that is all of it")
LOST = re.compile(r"(\d+) log lines were lost here: ")
LOG_SCENARIO = '[[class]]\nname = "writers"\nloop = ["log"]\n[message.log]\ncode = 9\ntext = "x"\n'
BAD_CONFIGURATIONS = ("[business]\nthreads = 0\n", "[no_such_section]\nx = 1\n", "[limits]\npacket_bytes = 7\n",
                      "[heartbeat]\nenabled = 1\n", "[limits\n", "[recycle]\ndelay_ms = -1\n")


class Faults:
    """All the faults, one method each, which returns a row of the table."""

    def __init__(self, build: pathlib.Path, folder: pathlib.Path, is_quick: bool):
        self.build = build
        self.folder = folder
        self.is_quick = is_quick
        self.gap = 0.2 if is_quick else 0.5  # seconds of undisturbed load between two faults
        self._servers = 0

    def few(self, many: int) -> int:
        return max(2, many // 5) if self.is_quick else many

    def place(self) -> pathlib.Path:
        self._servers += 1
        return self.folder / f"server-{self._servers}"

    def switchboard(self, **options) -> Switchboard:
        return Switchboard(self.place(), self.build, **options)

    def load(self, server: Server, **options) -> Load:
        load = Load(server, self.build, **options)
        time.sleep(2 * self.gap)
        return load

    def same_load(self, server: Server) -> Load:
        """The one that both servers get when they are compared."""
        protocol = "http" if isinstance(server, Nginx) else "packet"
        return self.load(server, sim=0, connections=20, streams=2, protocol=protocol)

    def finish(self, row: Row, server: Server, load: Load) -> None:
        time.sleep(self.gap)
        row.add(load.stop())
        server.stop()

    # ---- Each with Switchboard or nginx, and any load ----

    def reload(self, server: Server, load: Load, row: Row) -> Row:
        for _ in range(self.few(10)):
            before = server.workers()
            sent = server.signal(signal.SIGHUP)
            row.times.append(server.await_end_of(before) - sent)
            server.await_serving(but=before)
            row.runs += 1
            time.sleep(self.gap)
        self.finish(row, server, load)
        return row

    def upgrade(self, server: Server, load: Load, row: Row) -> Row:
        """So many upgrades, and a roll-back of each kind."""
        for kind in ["go"] * self.few(5) + ["back while both serve", "back while the old workers rest"]:
            old = server.master()
            sent = server.signal(signal.SIGUSR2)
            new = server.await_upgraded(old)
            time.sleep(self.gap)
            leaver = old if kind == "go" else new
            if kind == "back while the old workers rest":
                resting = server.workers(old)
                server.signal(signal.SIGWINCH, old)
                server.await_end_of(resting)
                time.sleep(self.gap)
                server.signal(signal.SIGHUP, old)
                server.await_serving(master=old)
            workers = server.workers(leaver)
            server.signal(signal.SIGQUIT, leaver)
            row.times.append(server.await_end_of([leaver, *workers]) - sent - self.gap)
            if kind != "go":
                server.await_names_back(old)
                row.times.pop()
            row.runs += 1
            time.sleep(self.gap)
        self.finish(row, server, load)
        return row

    def kill_workers(self, server: Server, load: Load, row: Row, number: int = signal.SIGKILL, gap: float = 1.5) -> Row:
        """One slot after the other: a worker that is killed over and over comes back later and later, by design."""
        for _ in range(min(self.few(10), server.workers_wanted) if self.is_quick else 10):
            victim = min(server.serving(), key=lambda pid: int(pathlib.Path(f"/proc/{pid}/stat").read_text()
                                                               .rpartition(")")[2].split()[19]))
            sent = server.signal(number, victim)
            row.times.append(server.await_serving(but=[victim]) - sent)
            row.runs += 1
            time.sleep(self.gap if self.is_quick else gap)
        if isinstance(server, Switchboard):
            row.counts["worker_lost"] = server.status().get("closed_worker_lost", 0)
        self.finish(row, server, load)
        return row

    # ---- Switchboard, with client-sim and a stream of new connections ----

    def reloads(self) -> Row:
        server = self.switchboard()
        row = self.reload(server, self.load(server), Row("reload; until the old workers are gone"))
        row.judge()
        return row

    def upgrades(self) -> Row:
        server = self.switchboard()
        row = self.upgrade(server, self.load(server), Row("upgrade, and both roll-backs; until the old binary is gone"))
        row.judge()
        return row

    def worker_counts(self) -> Row:
        server = self.switchboard(workers=4)
        load = self.load(server)
        row = Row("workers 4 → 2 → 4, by reload; until the old workers are gone")
        for workers in [2, 4] * self.few(3):
            server.configure(workers=workers)
            before = server.workers()
            sent = server.signal(signal.SIGHUP)
            row.times.append(server.await_end_of(before) - sent)
            server.await_serving(but=before)
            row.runs += 1
            time.sleep(self.gap)
        self.finish(row, server, load)
        row.judge()
        return row

    def bad_configurations(self) -> Row:
        server = self.switchboard()
        load = self.load(server)
        row = Row("reload with a bad configuration; until it is refused")
        before = server.workers()
        place = re.compile(r"the reload is refused, and the old configuration stays: .*server\.toml:\d+: ")
        for run in range(20):
            server.configure(more=BAD_CONFIGURATIONS[run % len(BAD_CONFIGURATIONS)])
            sent = server.signal(signal.SIGHUP)
            row.times.append(server.wait_for_log("the reload is refused", run + 1) - sent)
            row.runs += 1
        row.expect(all(map(place.search, server.lines("the reload is refused"))), "a refusal names no file:line")
        row.expect(server.workers() == before, "workers have changed")
        self.finish(row, server, load)
        row.judge()
        return row

    def killed_workers(self) -> Row:
        server = self.switchboard(workers=4)
        load = self.load(server, sim_options=["--expect-reset"])
        row = self.kill_workers(server, load, Row("kill -9 of a worker; until the next one serves", kills=True))
        return self.judge_killed(row, RESPAWN_S)

    def stopped_workers(self) -> Row:
        server = self.switchboard(workers=4, watchdog_s=WATCHDOG_S)
        load = self.load(server, streams=4, sim_options=["--expect-reset"])
        row = Row(f"SIGSTOP of a worker, watchdog {WATCHDOG_S} s; until the next one serves", kills=True)
        return self.judge_killed(self.kill_workers(server, load, row, signal.SIGSTOP, 0.6), RECOVERY_S)

    @staticmethod
    def judge_killed(row: Row, p99_s: float) -> Row:
        row.judge(p99_s)
        # The server knows how many connections the dead workers had; nobody else may have lost one.
        row.expect(row.ended() <= row.counts["worker_lost"],
                   f"{row.ended()} connections ended, and the killed workers had {row.counts['worker_lost']} of them")
        row.expect(row.lost() <= row.counts["requests"] and row.ended() > 0, "no connection noticed the kills")
        return row

    # ---- The log ----

    def log_writers(self, server: Switchboard) -> Load:
        scenario = server.folder / "scenario.toml"
        scenario.write_text(LOG_SCENARIO)
        return self.load(server, sim_options=["--scenario", scenario])

    @staticmethod
    def count_lines(row: Row, texts: list[str], may_lose: bool) -> tuple[Counter, Counter]:
        """Events that were logged, and lines that were told to be lost, of each process. Every line must be whole."""
        events, lost, pieces, seen = Counter(), Counter(), 0, set()
        for text in texts:
            for line in text.split("\n"):
                whole = LINE.fullmatch(line)
                event = whole and EVENT.fullmatch(whole.group(2))
                if event:
                    row.expect((whole.group(1), event.group(1)) not in seen, "a line is there twice")
                    seen.add((whole.group(1), event.group(1)))
                    events[whole.group(1)] += 1
                elif whole and LOST.match(whole.group(2)):
                    lost[whole.group(1)] += int(LOST.match(whole.group(2)).group(1))
                elif line and (not whole or "event" in line):
                    pieces += 1
        row.expect(may_lose or pieces == 0, f"{pieces} lines are torn")
        row.expect(may_lose or not lost, "lines were lost")
        return events, lost

    def log_rotations(self) -> Row:
        server = self.switchboard(program="bench/bench-server")
        load = self.log_writers(server)
        row = Row("log rotation; until both workers write to the new file")
        for run in range(100):
            rotated = server.log.with_suffix(f".{run}")
            server.log.rename(rotated)
            sent = server.signal(signal.SIGUSR1)
            self.await_unused(server, rotated)
            row.times.append(time.monotonic() - sent)
            row.runs += 1
        self.finish(row, server, load)
        files = sorted(server.folder.glob("server.*[0-9]")) + [server.log]
        texts = [file.read_text() for file in files]
        row.expect(all(text.endswith("\n") for text in texts if text), "a file ends within a line")
        events, _ = self.count_lines(row, texts, may_lose=False)
        sent_events = int(load.counts["sim_replies"])
        row.expect(events.total() == sent_events, f"{events.total()} lines of {sent_events} events")
        row.notes.append(f"{sent_events:,} events, {events.total():,} lines")
        row.judge()
        return row

    @staticmethod
    def await_unused(server: Server, file: pathlib.Path) -> None:
        """No process of the server has the file open."""
        def is_open(pid: int) -> bool:
            try:
                return any(os.readlink(fd.path) == str(file) for fd in os.scandir(f"/proc/{pid}/fd"))
            except OSError:
                return False
        fault_servers.wait_for(f"{file.name} to be let go",
                               lambda: not any(map(is_open, [server.master(), *server.workers()])))

    def full_disk(self) -> Row:
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        server = self.switchboard(program="bench/bench-server", log=disk / "server.log")
        load = self.log_writers(server)
        row = Row("log disk full (64 KiB); until a line is written once there is room")
        texts = []
        for run in range(self.few(10)):
            fault_servers.wait_for("a full disk", lambda: os.statvfs(disk).f_bfree == 0)
            time.sleep(self.gap)
            rotated = server.log.with_suffix(f".{run}")
            server.log.rename(rotated)
            server.signal(signal.SIGUSR1)
            self.await_unused(server, rotated)
            texts.append(rotated.read_text(errors="replace"))
            freed = time.monotonic()
            rotated.unlink()
            fault_servers.wait_for("a line", lambda: server.log.stat().st_size > 0)
            row.times.append(time.monotonic() - freed)
            row.runs += 1
        row.add(load.stop())
        # Room at last, and a packet for each worker, so that it tells what it has lost.
        texts.append(server.log.read_text(errors="replace"))
        os.truncate(server.log, 0)
        last = Process([self.build / "bin/client-sim", "--connect", f"127.0.0.1:{server.port}", "--connections", 40,
                        "--requests", 40, "--quiet", "--scenario", server.folder / "scenario.toml"], server.folder)
        row.expect(last.end(None) == 0, "the server does not answer any more")
        server.stop()
        texts.append(server.log.read_text(errors="replace"))
        subprocess.run(["umount", disk], check=True)
        events, lost = self.count_lines(row, texts, may_lose=True)
        sent_events = int(load.counts["sim_replies"]) + 40
        told = sum(lost[pid] for pid in events)
        row.expect(events.total() + told == sent_events,
                   f"{events.total()} lines written and {told} told to be lost, of {sent_events} events")
        row.expect(told > 0, "the disk was never full")
        row.notes.append(f"{sent_events:,} events, {events.total():,} lines written, {told:,} told to be lost")
        row.judge()
        return row

    # ---- The end ----

    def stops(self) -> Row:
        row = Row("graceful stop under a connect storm; until the server has ended")
        for _ in range(self.few(10)):
            server = self.switchboard()
            load = self.load(server, connections=20, streams=8, drain="1s",
                             fault_options=["--new-pace", "0", "--until-refused"])
            master = server.master()
            sent = server.signal(signal.SIGQUIT)
            row.times.append(server.await_end_of([master]) - sent)
            counts = load.stop(None)
            # Once nobody listens, a client can't but be refused.
            counts["refused"] = 0
            counts["failed"] -= counts["sim_failed"]
            counts["sim_exit"] = 0
            row.add(counts)
            row.expect(server.totals()["packets_discarded"] == 0, "the server discarded packets")
            row.runs += 1
        row.judge()
        return row

    # ---- Side by side with nginx ----

    def compared(self) -> list[Row]:
        rows = []
        for fault, what, workers in ((self.reload, "reload; until the old workers are gone", 2),
                                     (self.upgrade, "upgrade, and both roll-backs; until the old binary is gone", 2),
                                     (self.kill_workers, "kill -9 of a worker; until the next one is there", 4)):
            for make in (lambda: self.switchboard(workers=workers), lambda: Nginx(self.place(), workers)):
                server = make()
                row = Row(what, type(server).__name__.replace("Nginx", "nginx"), kills="kill" in what)
                print(f"faults: {row.server}: {what}", file=sys.stderr)
                fault(server, self.same_load(server), row)
                if row.is_judged and row.kills:
                    self.judge_killed(row, RESPAWN_S)
                elif row.is_judged:
                    row.judge()
                rows.append(row)
        return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where bin/ and bench/ are")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="regular expression: the faults, by the names of their methods")
    parser.add_argument("--no-disk", action="store_true", help="nothing can be mounted here")
    parser.add_argument("--command", default="bench/faults.sh")
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()

    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is running is ended
    fault_servers.adopt_orphans()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="switchboard-faults."))
    faults = Faults(arguments.build.resolve(), folder, arguments.quick)
    ours = [faults.reloads, faults.upgrades, faults.worker_counts, faults.killed_workers, faults.stopped_workers,
            faults.bad_configurations, faults.log_rotations, faults.full_disk, faults.stops]
    if arguments.no_disk:
        ours.remove(faults.full_disk)
    chosen = re.compile(arguments.only or "")
    rows, compared = [], []
    try:
        for fault in ours:
            if chosen.search(fault.__name__):
                print(f"faults: {fault.__name__.replace('_', ' ')}", file=sys.stderr)
                rows.append(fault())
        if chosen.search("compared"):
            compared = faults.compared()
    except fault_servers.Failure as failure:
        print(f"faults: {failure}; the logs are in {folder}", file=sys.stderr)
        return 1
    finally:
        fault_servers.kill_all()
    return report(arguments, rows, compared, folder, time.monotonic() - begin)


def report(arguments: argparse.Namespace, rows: list[Row], compared: list[Row], folder: pathlib.Path,
           seconds: float) -> int:
    parts = [surroundings(arguments.command, seconds)]
    if rows:
        parts.append(markdown(rows, has_server=False))
    notes = [f"- {row.what.partition(';')[0]}: {'; '.join(row.notes)}" for row in rows if row.notes]
    if notes:
        parts.append("\n".join(notes))
    if compared:
        parts.append(markdown(compared, has_server=True))
    misses = [f"- missed: {row.what.partition(';')[0]} ({row.server}): {miss}"
              for row in rows + compared for miss in dict.fromkeys(row.misses)]
    if misses:
        parts.append("\n".join(misses))
    text = "\n\n".join(parts)
    print(text)
    if arguments.page:
        write_page(arguments.page, text)
    if misses:
        print(f"faults: a target is missed; the logs are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
