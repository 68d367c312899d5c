"""`filmroll demo`: something to see, the same after a second start."""

import os
import subprocess
import sys
import time
from pathlib import Path
from queue import Queue
from socket import socket
from threading import Thread

import pytest

from tests.people import Person, logged_in_with
from tests.serving import CHEAP


def free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def read(process: "subprocess.Popen[str]", said: "Queue[str]") -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            said.put(line)


def demo(data: Path) -> tuple[str, "subprocess.Popen[str]", Thread]:
    """Start it, and wait until it tells how to stop it."""
    port = free_port()
    program = str(Path(sys.executable).parent / "filmroll")
    process = subprocess.Popen(
        [program, "demo", "--data", str(data), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **CHEAP},
    )
    said: Queue[str] = Queue()
    reader = Thread(target=read, args=(process, said), daemon=True)
    reader.start()
    until, told = time.monotonic() + 120, ""
    while "Ctrl-C" not in told:
        told += said.get(timeout=max(0.1, until - time.monotonic()))
    assert "log in as aperture" in told
    return f"http://127.0.0.1:{port}", process, reader


def seen(reader: Person) -> list[tuple[str, int, int]]:
    reader.headers.pop("X-Min-Position", None)
    return [(p["photo_id"], p["counts"]["likes"], p["counts"]["comments"]) for p in reader.walk("/feed")]


@pytest.mark.timeout(300)
def test_the_demo_has_members_follows_photos_likes_and_comments_and_starts_again(data: Path) -> None:
    shown = []
    for _ in range(2):
        url, process, reader = demo(data)
        try:
            me = logged_in_with(url, "aperture", (data / "demo-password").read_text())
            shown.append(seen(me))
        finally:
            process.terminate()
            process.wait(timeout=30)
            reader.join(timeout=30)
    first, second = shown
    assert first == second
    assert len(first) == 12
    assert sum(likes for _, likes, _ in first) > 5
    assert sum(comments for _, _, comments in first) > 3
