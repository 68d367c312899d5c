"""Redis as the adapters use it: scripts known by their hash, and one error for what can't be reached."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha1
from typing import Any, Final

from redis import exceptions
from redis.asyncio import Redis

from commands.errors import Unavailable
from infra.breaking import Breaker
from infra.redis.keys import ADD, ADD_PARKED, BEHIND, MOVE, RESET

_SCRIPTS: Final = (ADD, ADD_PARKED, BEHIND, MOVE, RESET)
_DIGESTS: Final = {script: sha1(script.encode(), usedforsecurity=False).hexdigest() for script in _SCRIPTS}
_TIMEOUT_S: Final = 5.0

Call = tuple[Any, ...]
"""A command and its arguments; one that begins with `run` names a script of `keys`, its key count, keys and values."""


@contextmanager
def outages() -> Iterator[None]:
    """Turn what says that Redis can't be reached now into the one error for it."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
        raise Unavailable(f"Redis: {error}") from error


class Client(Redis):
    """The library's client, and what is known of whether its server answers."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.breaker = Breaker("redis")


def connect(url: str) -> Redis:
    """A client for one event loop; connects when it is first used, and has to be closed."""
    return Client.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, protocol=2)


async def send(client: Redis, calls: Iterable[Call]) -> list[Any]:
    """Send commands in one go, and give their answers in order; scripts that Redis has forgotten are taught again.

    Raises `Unavailable`, at once where Redis was seen to be away.
    """
    asked = list(calls)
    if not asked:
        return []
    with _calling(client), outages():
        answers = await _send(client, asked)
        lost = [at for at, answer in enumerate(answers) if isinstance(answer, exceptions.NoScriptError)]
        if lost:
            await asyncio.gather(*(client.script_load(script) for script in _DIGESTS))
            for at, answer in zip(lost, await _send(client, [asked[at] for at in lost]), strict=True):
                answers[at] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
    return answers


def _calling(client: Redis) -> AbstractContextManager[None]:
    return client.breaker.calling() if isinstance(client, Client) else nullcontext()


async def _send(client: Redis, calls: Sequence[Call]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for call in calls:
        if call[0] == "run":
            pipeline.execute_command("EVALSHA", _DIGESTS[call[1]], *call[2:])
        else:
            pipeline.execute_command(*call)
    return list(await pipeline.execute(raise_on_error=False))
