"""The attacks of asymmetry.sh: what each sends, and how its own cost is counted."""

import collections.abc
import dataclasses
import socket
import struct
import zlib

PATIENCE_S = 60
SEGMENT_BYTES = 52  # of an IPv4 packet without payload: 20 of IP, 20 of TCP, 12 of timestamps
TCP_SEGS_OUT_AT, TCP_BYTES_SENT_AT, TCP_INFO_BYTES = 136, 200, 208  # in struct tcp_info of linux/tcp.h
RESET = struct.pack("ii", 1, 0)
# Of the demo: logic/MsgCode.h and logic/transfer/TransferMessages.h.
PING, LOGIN, PUT, UNKNOWN = 0, 6, 64 + 5, 999


def frame(code: int, body: bytes = b"", crc: int | None = None) -> bytes:
    return struct.pack(">HHI", 8 + len(body), code, zlib.crc32(body) if crc is None else crc) + body


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: t\r\n{more}\r\n".encode()


class Attacker:
    """One attacker's connections to a server, and the bytes that it has put on the wire for them."""

    def __init__(self, port: int):
        self.port = port
        self.connections = 0
        self.bytes = 0  # of those that are closed
        self._open: list[socket.socket] = []

    def connect(self, receive_bytes: int = 0) -> socket.socket:
        client = socket.socket()
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", self.port))
        self.connections += 1
        self._open.append(client)
        return client

    @staticmethod
    def _sent_by(client: socket.socket) -> int:
        info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        if len(info) < TCP_INFO_BYTES:
            raise SystemExit("asymmetry: this kernel doesn't tell what a socket has sent")
        segments, = struct.unpack_from("I", info, TCP_SEGS_OUT_AT)
        payload, = struct.unpack_from("Q", info, TCP_BYTES_SENT_AT)
        return segments * SEGMENT_BYTES + payload

    def sent(self) -> int:
        return self.bytes + sum(self._sent_by(client) for client in self._open)

    def reset(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.bytes += self._sent_by(client) + SEGMENT_BYTES
        self._open.remove(client)
        client.close()

    def end(self) -> None:
        for client in list(self._open):
            self.reset(client)


def send_until_full(client: socket.socket, data: bytes) -> None:
    """As much as the server and the kernel take from somebody who doesn't read."""
    client.settimeout(0.3)
    try:
        client.sendall(data)
    except (TimeoutError, ConnectionError):
        pass  # enough, or the server has closed


def read_to_end(client: socket.socket) -> bytes:
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionError:
        pass
    return received


def read_exactly(client: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        data = client.recv(65536)
        if not data:
            raise SystemExit("asymmetry: a server closes where it should answer")
        received += data
    return bytes(received)


def read_answers(client: socket.socket, count: int) -> None:
    """Of HTTP."""
    received = b""
    for _ in range(count):
        while b"\r\n\r\n" not in received:
            received += read_exactly(client, 1)
        head, _, received = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(received) < length:
            received += read_exactly(client, length - len(received))
        received = received[length:]


# ---- what is done, by an attacker with so many connections ----

def idle(attacker: Attacker, connections: int) -> None:
    for _ in range(connections):
        attacker.connect()


def connect_and_reset(attacker: Attacker, connections: int) -> None:
    for _ in range(connections):
        attacker.reset(attacker.connect())


def leave(data: bytes) -> collections.abc.Callable:
    """Sends that on each connection, and leaves it so."""
    def run(attacker: Attacker, connections: int) -> None:
        for _ in range(connections):
            attacker.connect().sendall(data)
    return run


def flood_unread(data: bytes) -> collections.abc.Callable:
    def run(attacker: Attacker, connections: int) -> None:
        for _ in range(connections):
            send_until_full(attacker.connect(4096), data)
    return run


def send_nonsense(data: bytes) -> collections.abc.Callable:
    """Each time on another connection, since each is closed for it."""
    def run(attacker: Attacker, connections: int) -> None:
        for _ in range(connections):
            client = attacker.connect()
            client.sendall(data)
            read_to_end(client)
            attacker.reset(client)
    return run


def send_refused_body(attacker: Attacker, connections: int) -> None:
    head = b"POST /1k.bin HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\n\r\n"
    for _ in range(connections):
        client = attacker.connect()
        client.sendall(head + bytes(5_000_000))
        if not read_to_end(client).startswith(b"HTTP/1.1 4"):
            raise SystemExit("asymmetry: the refusal of a large body is lost")
        attacker.reset(client)


def ask_http(request: bytes, times: int) -> collections.abc.Callable:
    """Pipelined, sixteen at a time; the answers are read."""
    def run(attacker: Attacker, connections: int) -> None:
        for _ in range(connections):
            client = attacker.connect()
            for _ in range(times // 16):
                client.sendall(request * 16)
                read_answers(client, 16)
    return run


def ask_packets(packets: collections.abc.Callable, times: int, answer_bytes: int) -> collections.abc.Callable:
    """All in one go; packets(i) is the i-th. The answers are read."""
    def run(attacker: Attacker, connections: int) -> None:
        for number in range(connections):
            client = attacker.connect()
            client.sendall(b"".join(packets(number * times + i) for i in range(times)))
            read_exactly(client, times * answer_bytes)
    return run


def login(number: int) -> bytes:
    return frame(LOGIN, struct.pack("56s40s", b"nobody%d" % number, b"secret"))


def put(number: int) -> bytes:
    return frame(PUT, struct.pack(">QB", 1 << 20, 0) + b"upload%d" % number)


@dataclasses.dataclass(frozen=True)
class Attack:
    name: str
    protocol: str  # "packet" or "http"
    connections: int
    run: collections.abc.Callable


RANGES = "Range: bytes=" + ",".join(f"{2 * i}-{2 * i}" for i in range(16)) + "\r\n"
ATTACKS = (
    Attack("connected, and silent", "http", 1000, idle),
    Attack("connected, and reset", "http", 3000, connect_and_reset),
    Attack("half a request", "packet", 1000, leave(frame(PING, bytes(1000))[:12])),
    Attack("half a request", "http", 1000, leave(b"GET /1k.bin HTTP/1.1\r\nHost: t\r\nA: b")),
    Attack("25,000 small requests in one go, unread", "http", 20, flood_unread(get("/1k.bin") * 25_000)),
    Attack("600,000 Pings in one go, unread", "packet", 20, flood_unread(frame(PING) * 600_000)),
    Attack("a file of 64 MiB, unread", "http", 50, flood_unread(get("/large.bin"))),
    Attack("a body of 5 MB that is refused", "http", 20, send_refused_body),
    Attack("16 ranges of a file", "http", 10, ask_http(get("/64k.bin", RANGES), 320)),
    Attack("nonsense, on a new connection each time", "packet", 1000, send_nonsense(frame(PING, b"x", 0))),
    Attack("nonsense, on a new connection each time", "http", 1000, send_nonsense(b"?\r\n\r\n")),
    Attack("what isn't there", "packet", 10, ask_packets(lambda _: frame(UNKNOWN), 10_000, 12)),
    Attack("what isn't there", "http", 10, ask_http(get("/nothing"), 1600)),
    Attack("50 Logins in one go", "packet", 2, ask_packets(login, 50, 12)),
    Attack("16 files of 1 MiB announced", "packet", 10, ask_packets(put, 16, 8 + 18)),
)
