"""Emptying the files of indices of what was deleted or replaced."""

import asyncio
from typing import Any, Final

from commands.errors import Unavailable
from infra.opensearch.connecting import Json, OpenSearch

_ALL: Final[Json] = {"index.merge.policy.expunge_deletes_allowed": 0}
"""Else a segment may keep every tenth document that is gone."""
_LOOK_S: Final = 0.2
_LEASES_S: Final = 120.0
"""Leases are renewed every half minute."""
_MERGE_S: Final = 600.0


async def expunge(search: OpenSearch, *names: str) -> None:
    """Merge away what was deleted or replaced in these indices before this was asked, and end the log of those writes.

    What a copy of a shard might still have to catch up with is kept for it under a lease: where leases do not come
    level, for want of a copy, say, this raises `Unavailable`, so that it is asked for again.
    """
    path = f"/{','.join(names)}"
    await search.ask("PUT", f"{path}/_settings", _ALL, params={"allow_no_indices": "true"})
    reached = {shard: found["seq_no"]["max_seq_no"] for shard, found in (await _primaries(search, path)).items()}
    await search.ask("POST", f"{path}/_flush")
    try:
        async with asyncio.timeout(_LEASES_S):
            while not _level(reached, await _primaries(search, path)):  # noqa: ASYNC110 OpenSearch tells nobody
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        raise Unavailable(f"OpenSearch: copies of {path} do not come level in {_LEASES_S:.0f} s") from error
    await search.ask("POST", f"{path}/_forcemerge", params={"only_expunge_deletes": "true"}, timeout_s=_MERGE_S)
    await search.refresh(*names)  # who searches lets go of the files that were merged
    await search.ask("POST", f"{path}/_flush", params={"force": "true"})


async def _primaries(search: OpenSearch, path: str) -> dict[tuple[str, str], Any]:
    """What is said of each shard, by its index and number."""
    _, answer = await search.ask("GET", f"{path}/_stats/docs", params={"level": "shards"})
    return {
        (index, number): copy
        for index, found in answer["indices"].items()
        for number, copies in found["shards"].items()
        for copy in copies
        if copy["routing"]["primary"]
    }


def _level(reached: dict[tuple[str, str], int], now: dict[tuple[str, str], Any]) -> bool:
    """Whether nobody needs anything any more up to a number of each shard; shards that are gone need nothing."""
    return all(
        lease["retaining_seq_no"] > number
        for shard, number in reached.items()
        if shard in now
        for lease in now[shard]["retention_leases"]["leases"]
    )
