"""The store of search read models: makes, feeds, reads and ends the indices of builds."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

import orjson

from commands.errors import Unavailable
from domain.recorded import Recorded
from infra.opensearch.connecting import Json, OpenSearch, RefusedRequestError
from infra.opensearch.documents import DEFINITION, address, row_of, sorting
from infra.opensearch.expunging import expunge
from infra.opensearch.marks import Marks
from infra.opensearch.projecting import Address, Batched, Dated, Run, Written, run, storable
from infra.sqlite.shapes import micros, shape_of
from projections.rows import Key, Projection, Row
from projections.search import MEMBER_SEARCH, PHOTO_SEARCH
from projections.stores import Batch, DeadLetter, Fed, Model

SEARCHED: Final = (MEMBER_SEARCH, PHOTO_SEARCH)
"""The projections whose builds lie here."""
_DOCUMENTS: Final = 500
"""Documents that go out in one request, some megabytes at the most."""
_SETTLED: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.CONFLICT})


class OpenSearchStore:
    """Rows, checkpoints and dead letters of the search projections; every call may raise `Unavailable`.

    `shards` says over how many shards the index of a new build is spread.
    """

    def __init__(self, search: OpenSearch, *, now: Callable[[], datetime], shards: int = 1) -> None:
        self.search = search
        self._marks = Marks(search)
        self._now = now
        self._shards = shards

    async def open(self) -> None:
        """Make what all builds share; may be repeated, by any number of processes at once."""
        await self._marks.open()

    def index(self, model: Model) -> str:
        """The name of a build's index."""
        return self.search.name(model.projection, model.build)

    async def prepare(self, model: Model, projection: Projection, shards: int) -> None:
        """Make the index of a build. It is written through an alias, so that no late write makes it again."""
        del projection, shards
        settings = {**DEFINITION["settings"], "number_of_shards": self._shards}
        made = {**DEFINITION, "settings": settings, "aliases": {self._alias(model): {}}}
        await self.search.create(self.index(model), made)

    async def clear(self, model: Model) -> None:
        """End everything of a build; may be repeated."""
        await self.search.ask("DELETE", f"/{self.index(model)}", allowed=(HTTPStatus.NOT_FOUND,))
        await self._marks.clear(model)

    async def tidy(self) -> None:
        """Empty the files of all builds of what was deleted or replaced in them until now."""
        await expunge(self.search, self._marks.parked_in, *(self.search.name(each.name, "*") for each in SEARCHED))

    async def feed(self, model: Model, projection: Projection, shards: int, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch, let it be found, and then move its log's checkpoint."""
        del shards
        mark = await self._marks.read(model, batch.log)
        if mark.number != batch.expected:
            return Fed.MISMATCH
        parked = frozenset(await self._marks.parked_streams(model, batch, mark))
        made = await self._written(model, projection, _due(projection, batch), parked, park=park)
        if made.changes:
            await self.search.refresh(self.index(model))
        await self._marks.park(made.letters, micros(self._now()))
        moved = await self._marks.move(model, batch, mark, letters=len(made.letters))
        return Fed.APPLIED if moved else Fed.MISMATCH

    async def checkpoints(self, model: Model, logs: Iterable[int] | None = None) -> Mapping[int, int]:
        """How far a build has come in these logs, or in all."""
        return await self._marks.reached(model, logs)

    async def letters(self, model: Model) -> int:
        """How many facts are parked."""
        return await self._marks.letters(model)

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        return await self._marks.dead_letters(model, limit)

    async def retry(self, model: Model, projection: Projection, shards: int, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream, each before its letter is deleted.

        Documents carry their facts' times, so a crash in between leaves a letter whose next retry changes nothing more.
        """
        del shards
        waiting = await self._marks.parked_of(model, storable(facts[0].stream)) if facts else []
        applied = 0
        for fact in facts:
            place = (fact.position.log, fact.position.number)
            if place not in waiting:
                continue
            if place != waiting.pop(0):
                break
            due = [fact] if projection.concerned_by(fact) else []
            made = await self._written(model, projection, due, frozenset(), park=True)
            if made.letters:
                await self._marks.park(made.letters, micros(self._now()))
                break
            await self._marks.discard(model, *place)
            applied += 1
        if applied:
            await self.search.refresh(self.index(model))
        return applied

    async def discard(self, model: Model, log: int, number: int) -> bool:
        """Delete a letter; False where there is none."""
        return await self._marks.discard(model, log, number)

    async def rows(self, model: Model, shards: int, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key."""
        del shards
        body: Json = {
            "query": {"bool": {"filter": [{"term": {"table": shape_of(cls).table.name}}]}},
            "sort": ["key"],
            "size": limit,
            "_source": ["row"],
        }
        if after is not None:
            body["search_after"] = [sorting(after)]
        _, answer = await self.search.ask("POST", f"/{self.index(model)}/_search", body)
        return [row_of(cls, hit["_source"]) for hit in answer["hits"]["hits"]]

    async def _written(
        self, model: Model, projection: Projection, facts: list[Recorded], parked: frozenset[str], *, park: bool
    ) -> Run:
        """Project until nothing is missing, and write until nothing is refused."""
        stored: dict[Address, Dated | None] = {}
        refused: dict[int, Exception] = {}
        while True:
            batched = Batched(model, projection, facts, parked, refused, park)
            made = await asyncio.to_thread(run, batched, stored, micros(self._now()))
            if made.missing:
                stored |= await self._fetched(model, made.missing)
                continue
            found = await self._write(model, made.changes)
            if not found:
                return made
            refused |= found

    async def _fetched(self, model: Model, wanted: set[Address]) -> dict[Address, Dated | None]:
        """Rows as they are this moment, found or not."""
        asked = [(cls, key, address(cls, key)) for cls, key in wanted]
        docs = [{"_id": at.id, "routing": at.routing} for _, _, at in asked]
        body = {"docs": [{**each, "_source": ["row"]} for each in docs]}
        _, answer = await self.search.ask("POST", f"/{self.index(model)}/_mget", body)
        fetched: dict[Address, Dated | None] = {}
        for (cls, key, _), found in zip(asked, answer["docs"], strict=True):
            there = found.get("found", False)
            fetched[cls, key] = Dated(row_of(cls, found["_source"]), found["_version"]) if there else None
        return fetched

    async def _write(self, model: Model, changes: Mapping[Address, Written]) -> dict[int, Exception]:
        """Write documents, each once; the facts, by number, whose documents the index doesn't take."""
        refused: dict[int, Exception] = {}
        waiting = iter(changes.items())
        while chunk := list(islice(waiting, _DOCUMENTS)):
            lines = (line for where, change in chunk for line in _lines(self._alias(model), where, change))
            for (_, change), answer in zip(chunk, await self.search.bulk(lines), strict=True):
                if answer["status"] == HTTPStatus.BAD_REQUEST:
                    refused[change.fact.position.number] = RefusedRequestError(_reason(answer))
                elif not _settled(change, answer):
                    raise Unavailable(f"OpenSearch can't write {model}: {_reason(answer)}")
        return refused

    def _alias(self, model: Model) -> str:
        return f"{self.index(model)}-in"


def _due(projection: Projection, batch: Batch) -> list[Recorded]:
    """The facts that are handled and not applied yet, each once."""
    handles = frozenset(projection.handles)
    due, at = [], batch.expected
    for fact in batch.facts:
        if fact.position.number > at:
            at = fact.position.number
            if type(fact.event) in handles or projection.concerned_by(fact):
                due.append(fact)
    return due


def _lines(alias: str, where: Address, change: Written) -> Iterator[bytes]:
    at = address(*where)
    head: dict[str, Any] = {"_index": alias, "_id": at.id, "routing": at.routing}
    head |= {"version": change.at, "version_type": "external"}
    yield orjson.dumps({"delete" if change.content is None else "index": head}) + b"\n"
    if change.content is not None:
        yield change.content + b"\n"


def _settled(change: Written, answer: Json) -> bool:
    """Written now, or by now: a version conflict means that this or something later is there already."""
    if answer["status"] == HTTPStatus.NOT_FOUND:
        return change.content is None and "error" not in answer
    return answer["status"] in _SETTLED


def _reason(answer: Json) -> str:
    error = answer.get("error", {})
    return f"{error.get('type')}: {error.get('reason')}"
