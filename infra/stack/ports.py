"""Ports: each server's offset from one base, kept away from the standard ports and from those the system hands out."""

import socket
from collections.abc import Iterable, Iterator

from infra.stack.errors import StackError

HOST = "127.0.0.1"
BASE = 19400
STEP = 20
HIGHEST_BASE = 32000  # systems hand out ports for outgoing connections from 32768 on

OFFSETS = {
    "kafka": 0,
    "kafka-controller": 1,
    "cassandra": 2,
    "cassandra-storage": 3,
    "opensearch": 5,
    "opensearch-transport": 6,
    "minio": 7,
    "postgres-a": 8,
    "postgres-b": 9,
    "postgres-a-replica": 10,
    "redis": 11,
}


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


def candidates(start: int = BASE) -> Iterator[int]:
    """Bases to try, in order, from `start` on."""
    return iter(range(start, HIGHEST_BASE, STEP))


def free_base(bases: Iterable[int]) -> int:
    """The first base at which every server's port is free; StackError when there is none."""
    for base in bases:
        if all(is_free(base + offset) for offset in OFFSETS.values()):
            return base
    raise StackError("no free range of ports for the stack: choose one with --base")
