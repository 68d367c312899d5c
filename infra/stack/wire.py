"""Questions to servers in their own protocols, by the standard library alone, so that a stack needs no drivers."""

import socket
import struct

from infra.stack.ports import HOST

TIMEOUT = 5.0
CQL_READY = 0x02
CQL_RESULT = 0x08


def redis_pings(port: int, password: str) -> bool:
    """Whether a Redis server lets us in and answers PING."""
    try:
        with socket.create_connection((HOST, port), TIMEOUT) as link, link.makefile("rwb") as stream:
            stream.write(f"AUTH {password}\r\nPING\r\n".encode())
            stream.flush()
            return stream.readline() == b"+OK\r\n" and stream.readline() == b"+PONG\r\n"
    except OSError:
        return False


def kafka_has_brokers(port: int) -> bool:
    """Whether a Kafka broker answers a metadata request with at least one broker that may be used."""
    client = b"filmroll-stack"
    header = struct.pack(">hhih", 3, 4, 1, len(client)) + client  # Metadata, version 4, correlation 1
    request = header + struct.pack(">i?", 0, False)  # of no topic, and create none
    try:
        with socket.create_connection((HOST, port), TIMEOUT) as link, link.makefile("rwb") as stream:
            stream.write(struct.pack(">i", len(request)) + request)
            stream.flush()
            _length, correlation, _throttled, brokers = struct.unpack(">iiii", _exactly(stream.read(16), 16))
            return bool(correlation == 1 and brokers > 0)
    except OSError:
        return False


def cassandra_answers(port: int) -> bool:
    """Whether a Cassandra node accepts a session and answers a query."""
    options = _strings("CQL_VERSION", "3.0.0")
    query = b"SELECT release_version FROM system.local"
    ask = struct.pack(">i", len(query)) + query + struct.pack(">hb", 1, 0)  # consistency ONE, no flags
    try:
        with socket.create_connection((HOST, port), TIMEOUT) as link, link.makefile("rwb") as stream:
            for opcode, body, wanted in ((0x01, options, CQL_READY), (0x07, ask, CQL_RESULT)):
                stream.write(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
                stream.flush()
                _version, _flags, _stream, got, length = struct.unpack(">BBhBi", _exactly(stream.read(9), 9))
                _exactly(stream.read(length), length)
                if got != wanted:
                    return False
    except OSError:
        return False
    return True


def _strings(name: str, value: str) -> bytes:
    pair = b"".join(struct.pack(">h", len(each)) + each.encode() for each in (name, value))
    return struct.pack(">h", 1) + pair


def _exactly(received: bytes, length: int) -> bytes:
    """What was received, if it is whole; a peer that hangs up early is not answering."""
    if len(received) != length:
        raise ConnectionResetError("the server ended the connection in mid-answer")
    return received
