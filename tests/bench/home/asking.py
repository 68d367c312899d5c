"""Who asks: `wrk` where it is installed, else bare sockets on one event loop."""

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, takewhile
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

CLIENTS = 32
HOST = re.compile(rb"\r\nHost: (\S+)\r\n")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
SCRIPT = """
local asked, at = {}, 0
function init(args)
  for token in io.lines(args[1]) do
    asked[#asked + 1] = wrk.format("GET", nil, {["Authorization"] = "Bearer " .. token})
  end
end
function request()
  at = at % #asked + 1
  return asked[at]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('RESULT {"a_second": %f, "p50": %f, "p99": %f, "failed": %d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True)
class Rate:
    """Answers a second, and how long they took in milliseconds."""

    a_second: float
    p50: float
    p99: float


def warm(url: str, tokens: Sequence[str], seconds: float) -> Rate:
    """The rate at which a server answers so many clients that each ask again at once."""
    if shutil.which("wrk") is None:
        return asyncio.run(_sockets([url], tokens, seconds))
    with tempfile.TemporaryDirectory() as folder:
        script, known = Path(folder) / "ask.lua", Path(folder) / "tokens"
        script.write_text(SCRIPT)
        known.write_text("\n".join(tokens) + "\n")
        command = [
            "wrk",
            "-t1",
            "--timeout",
            "30s",
            f"-c{CLIENTS}",
            f"-d{seconds:.0f}s",
            "-s",
            str(script),
            url,
            "--",
            str(known),
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(said.partition("RESULT ")[2])
    assert result.pop("failed") == 0, said
    return Rate(**result)


def once_each(url: str, tokens: Sequence[str]) -> Rate:
    """The rate at which a server answers when everybody asks once."""
    return asyncio.run(_sockets([url], tokens, None))


def alone(urls: Sequence[str], tokens: Sequence[str], rounds: int = 1) -> Rate:
    """How long everybody waits who asks for a page of their own, one after the other."""
    return asyncio.run(_sockets(list(urls) * rounds, list(tokens) * rounds, None, clients=1))


async def _sockets(urls: Sequence[str], tokens: Sequence[str], seconds: float | None, clients: int = CLIENTS) -> Rate:
    address = urlsplit(urls[0])
    paths = [url.partition(address.netloc)[2] for url in urls]
    asked = [
        f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for path, token in zip(cycle(paths), tokens, strict=False)
    ]
    began = time.perf_counter()
    answers = await ask(urls[0], iter(asked) if seconds is None else lasting(cycle(asked), seconds), clients)
    whole = time.perf_counter() - began
    assert answers.failed == 0
    cuts = quantiles(answers.took, n=100)
    return Rate(len(answers.took) / whole, cuts[49] * 1000, cuts[98] * 1000)


@dataclass
class Answers:
    """What came back: how many seconds each took, and how many were refused or failed."""

    took: list[float] = field(default_factory=list)
    failed: int = 0


async def ask(url: str, asked: Iterator[bytes], clients: int = CLIENTS) -> Answers:
    """So many clients on bare sockets, because a client library would cost more than the server; each asks again at once.

    They ask until there is nothing left to ask, each request where its `Host` says: in a cluster files lie elsewhere.
    """
    address, answers = urlsplit(url), Answers()

    async def connected(host: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        at = urlsplit(f"http://{host.decode()}")
        return await asyncio.open_connection(at.hostname, at.port, limit=1 << 22)

    async def client() -> None:
        usual = address.netloc.encode()
        known = {usual: await connected(usual)}
        for request in asked:
            named = HOST.search(request)
            host = named[1] if named else usual
            if host not in known:
                known[host] = await connected(host)
            reader, writer = known[host]
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if length := LENGTH.search(head):
                await reader.readexactly(int(length[1]))
            answers.took.append(time.perf_counter() - began)
            answers.failed += not head.startswith(b"HTTP/1.1 2")
        for _, writer in known.values():
            writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers


def lasting(asked: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """What is asked, for so many seconds from now on."""
    end = time.perf_counter() + seconds
    return takewhile(lambda _: time.perf_counter() < end, asked)
