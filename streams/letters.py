"""Dead letters in sequence: what a build could not apply, by stream, and another try at it."""

from collections.abc import Sequence
from typing import Final

from projections.rows import Projection
from projections.stores import DeadLetter, Letters, Model, ReadModels
from streams.ports import EventLog

MOST: Final = 100_000
"""No more letters of one build are looked at; with so many its code is wrong, and what it wants is a rebuild."""


async def sequences(models: ReadModels, model: Model) -> dict[str, list[DeadLetter]]:
    """What is parked in a build, by stream: each stream's first letter says why, the others wait behind it."""
    found: dict[str, list[DeadLetter]] = {}
    for letter in await models.dead_letters(model, limit=MOST):
        found.setdefault(letter.stream, []).append(letter)
    return found


async def retry(
    letters: Sequence[DeadLetter],
    projection: Projection,
    *,
    log: EventLog,
    models: ReadModels,
    desk: Letters,
) -> int:
    """Try the letters of one stream again, in order, and what was parked behind them meanwhile; how many went through."""
    applied = 0
    while letters:
        parked = {letter.number for letter in letters}
        stream = await log.stream(letters[0].log, letters[0].stream)
        facts = [fact for fact in stream if fact.position.number in parked]
        done = await desk.retry(letters[0].model, projection, facts)
        applied += done
        if done < len(facts) or not facts:
            break
        letters = (await sequences(models, letters[0].model)).get(letters[0].stream, [])
    return applied
