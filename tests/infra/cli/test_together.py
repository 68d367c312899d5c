"""The processes of `filmroll up` end with it, however it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEEP = """
import asyncio, sys
from infra.cli.together import keep
sys.argv = sys.argv[1:]
asyncio.run(keep({"one": ["1"], "two": ["2"]}))
"""
CHATTER = """#!/bin/sh
while :; do echo "$1 $$"; sleep 0.05; done
"""


@pytest.fixture
def running(tmp_path):
    program = tmp_path / "chatter"
    program.write_text(CHATTER)
    program.chmod(0o700)
    with subprocess.Popen(
        [sys.executable, "-c", KEEP, str(program)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process
        process.kill()


def said(process) -> dict[str, int]:
    """The process behind each command, once both have said something."""
    found: dict[str, int] = {}
    while len(found) < 2:
        *_, name, pid = process.stdout.readline().split()
        found[name] = int(pid)
    return found


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_told_to_stop_it_stops_them(running):
    pids = said(running)
    assert all(map(lives, pids.values()))
    running.terminate()
    assert running.wait(timeout=30) == 0
    assert not any(map(lives, pids.values()))


def test_once_nobody_reads_what_they_print_they_end_too(running):
    pids = said(running)
    running.stdout.close()
    assert running.wait(timeout=30) != 0
    assert not any(map(lives, pids.values()))
