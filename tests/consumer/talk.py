#!/usr/bin/env python3
"""Talks to the chat example that listens on 127.0.0.1. Usage: talk.py PORT"""

import socket
import struct
import sys
import time
import zlib

# examples/chat/ChatMessages.h and net/wire/Wire.h.
JOIN, SAY, TIME, SAID = 1, 2, 3, 4
REJECT = 65535
REJECT_REASON_UNKNOWN_CODE = 2
UNKNOWN_CODE = 60000


def send(peer: socket.socket, code: int, body: bytes = b"") -> None:
    peer.sendall(struct.pack(">HHI", 8 + len(body), code, zlib.crc32(body)) + body)


def receive_exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise EOFError("the server closed the connection")
        data += more
    return data


def receive(peer: socket.socket) -> tuple[int, bytes]:
    length, code, crc = struct.unpack(">HHI", receive_exactly(peer, 8))
    body = receive_exactly(peer, length - 8)
    assert crc == zlib.crc32(body), "the CRC of a reply is right"
    return code, body


def connect() -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)


def expect(peer: socket.socket, code: int, body: bytes) -> None:
    reply = receive(peer)
    assert reply == (code, body), f"expected {(code, body)}, got {reply}"


def main() -> int:
    with connect() as alice, connect() as bob:
        for peer, name in ((alice, b"alice"), (bob, b"bob")):
            send(peer, JOIN, name.ljust(24, b"\0"))
            expect(peer, JOIN, b"")

        send(alice, SAY, b"hello")
        for peer in (alice, bob):
            expect(peer, SAID, b"alice: hello")

        send(bob, TIME)
        code, body = receive(bob)
        assert code == TIME and abs(struct.unpack(">q", body)[0] - time.time()) < 60

        send(bob, UNKNOWN_CODE)
        expect(bob, REJECT, struct.pack(">HH", UNKNOWN_CODE, REJECT_REASON_UNKNOWN_CODE))
    print("the example answers: join, say, time, and a reject")
    return 0


if __name__ == "__main__":
    sys.exit(main())
