"""Clients of the packet protocol that keep their connections and want to notice nothing of what happens to their server."""

import socket
import struct
import threading
import zlib

ECHO, GO_AWAY = 7, 65534
HEADER = struct.Struct(">HHI")
IN_FLIGHT = 4
PATIENCE_S = 20


def frame(code: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), code, zlib.crc32(body)) + body


class Lost(Exception):
    """An answer that was owed didn't come."""


class Connection:
    def __init__(self, address: tuple[str, int]):
        self.socket = socket.create_connection(address, PATIENCE_S)
        self._unread = b""

    def read_frame(self) -> tuple[int, bytes] | None:
        """None at the end of the stream."""
        while True:
            if len(self._unread) >= HEADER.size:
                size, code, _ = HEADER.unpack_from(self._unread)
                if len(self._unread) >= size:
                    body, self._unread = self._unread[HEADER.size:size], self._unread[size:]
                    return code, body
            more = self.socket.recv(65536)
            if not more:
                return None
            self._unread += more


class EchoClients:
    """So many clients, each with a thread: a few requests at a time, again and again. A GoAway they honour: what is in
    flight is waited for, and then they connect again."""

    def __init__(self, address: tuple[str, int], count: int = 40):
        self.address = address
        self.answers = self.lost = self.resets = self.ended = self.refused = 0
        self.told: set[int] = set()  # the clients that have got a GoAway
        self.complaints: list[str] = []
        self.may_end = threading.Event()  # the server is being stopped: who is refused by then has finished
        self._is_stopping = threading.Event()
        self._lock = threading.Lock()
        self._first = threading.Barrier(count + 1)
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()
        self._first.wait(PATIENCE_S)  # each has had an answer

    def stop(self) -> None:
        self._is_stopping.set()
        self.join()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)
            if thread.is_alive():
                self.complaints.append("a client hangs")

    def _count(self, name: str, by: int = 1) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + by)

    def _run(self, number: int) -> None:
        try:
            connection = Connection(self.address)
            self._serve_block(connection, number)
            self._first.wait(PATIENCE_S)
            while connection and not self._is_stopping.is_set():
                if not self._serve_block(connection, number):
                    connection.socket.close()
                    connection = self._connect_again()
            if connection:
                connection.socket.close()
        except Exception as error:  # whatever a client meets is told, not lost with its thread
            with self._lock:
                self.complaints.append(f"client {number}: {error!r}")
            self._first.abort()

    def _connect_again(self) -> Connection | None:
        while not self._is_stopping.is_set():
            try:
                return Connection(self.address)
            except ConnectionRefusedError:
                self._count("refused")
                if self.may_end.is_set():
                    return None
                self._is_stopping.wait(0.02)
            except ConnectionResetError:
                self._count("resets")
        return None

    def _serve_block(self, connection: Connection, number: int) -> bool:
        """Sends a few requests and reads their answers. False when the connection is over."""
        body = b"client %d" % number
        owed, goes_away = 0, False
        try:
            connection.socket.sendall(frame(ECHO, body) * IN_FLIGHT)
            owed = IN_FLIGHT
            while owed > 0:
                answer = connection.read_frame()
                if answer is None:
                    break
                if answer[0] == GO_AWAY:
                    goes_away = True
                    continue
                if answer != (ECHO, body):
                    raise Lost(f"{answer} instead of {body!r}")
                owed -= 1
                self._count("answers")
        except (ConnectionResetError, BrokenPipeError):
            self._count("resets")
            self._count("lost", owed)
            return False
        if goes_away:
            with self._lock:
                self.told.add(number)
        elif owed > 0:
            self._count("ended")
        self._count("lost", owed)
        return owed == 0 and not goes_away

    def verdict(self) -> str:
        """Empty when nobody has noticed anything."""
        faults = [f"{self.lost} requests are lost"] * (self.lost > 0) + [f"{self.resets} resets"] * (self.resets > 0)
        return "; ".join(faults + self.complaints)
