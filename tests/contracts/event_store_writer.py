"""A process that appends until it is killed, and says of every event that it was acknowledged, once it was."""

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count

from commands.errors import Unavailable
from tests.contracts.event_stores import CONTEXT, liked, place_at, profile, stream, write

PAUSE_S = 0.05


async def append_for_ever(address: list[str], name: str) -> None:
    store = place_at(*address).open(lambda: datetime.now(UTC))

    async def caller(number: int) -> None:
        for turn in count():
            home = stream(f"{name}-{number}-{turn}", slot=number)
            try:
                facts = await store.append([write(home, liked(), profile(f"m{number}", "bio"))], CONTEXT)
            except Unavailable:  # a server that comes back slowly: nothing was acknowledged, and others go on
                await asyncio.sleep(PAUSE_S)
                continue
            sys.stdout.write("".join(f"{fact.position.log} {fact.position.number} {fact.event_id}\n" for fact in facts))
            sys.stdout.flush()

    await asyncio.gather(*map(caller, range(8)))


if __name__ == "__main__":
    asyncio.run(append_for_ever(sys.argv[2:], sys.argv[1]))
