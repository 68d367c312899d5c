"""Checkpoints and dead letters: two indices that all builds share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from infra.opensearch.connecting import Json, OpenSearch
from infra.sqlite.shapes import moment
from projections.stores import Batch, DeadLetter, Model

_KEYWORD: Final = {"type": "keyword"}
_LONG: Final = {"type": "long"}
_MOST: Final = 10_000
_DEFINITION: Final[Json] = {
    "mappings": {
        "dynamic": False,
        "properties": {"model": _KEYWORD, "log": _LONG, "number": _LONG, "stream": _KEYWORD},
    }
}
CHECKPOINTS: Final = "checkpoints"
LETTERS: Final = "dead-letters"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a build has come in a log, how many facts are parked there, and which write of the mark that was."""

    number: int = 0
    letters: int = 0
    condition: tuple[int, int] | None = None


class Marks:
    """The marks of all builds of an installation."""

    def __init__(self, search: OpenSearch) -> None:
        self._search = search
        self._checkpoints = search.name(CHECKPOINTS)
        self._letters = search.name(LETTERS)

    @property
    def parked_in(self) -> str:
        """The index of what is parked."""
        return self._letters

    async def open(self) -> None:
        """Make the indices where they are missing."""
        for name in (self._checkpoints, self._letters):
            await self._search.create(name, _DEFINITION)

    async def read(self, model: Model, log: int) -> Mark:
        """As it stands now."""
        path = f"/{self._checkpoints}/_doc/{model}:{log}"
        status, found = await self._search.ask("GET", path, allowed=(HTTPStatus.NOT_FOUND,))
        if status == HTTPStatus.NOT_FOUND:
            return Mark()
        source = found["_source"]
        return Mark(source["number"], source["letters"], (found["_seq_no"], found["_primary_term"]))

    async def move(self, model: Model, batch: Batch, mark: Mark, *, letters: int) -> bool:
        """Move the mark of a log to the batch's end, unless it moved since it was read."""
        body = {"model": str(model), "log": batch.log, "number": batch.last, "letters": mark.letters + letters}
        condition: dict[str, str | int] = {"op_type": "create"}
        if mark.condition is not None:
            condition = {"if_seq_no": mark.condition[0], "if_primary_term": mark.condition[1]}
        path = f"/{self._checkpoints}/_doc/{model}:{batch.log}"
        status, _ = await self._search.ask("PUT", path, body, params=condition, allowed=(HTTPStatus.CONFLICT,))
        return status != HTTPStatus.CONFLICT

    async def reached(self, model: Model, logs: Iterable[int] | None) -> Mapping[int, int]:
        """How far a build has come in these logs, or in all."""
        if logs is None:
            await self._search.refresh(self._checkpoints)
            found = await self._all(self._checkpoints, model)
        else:
            ids = [f"{model}:{log}" for log in logs]
            if not ids:
                return {}
            _, answer = await self._search.ask("POST", f"/{self._checkpoints}/_mget", {"ids": ids})
            found = [each["_source"] for each in answer["docs"] if each.get("found")]
        return {each["log"]: each["number"] for each in sorted(found, key=lambda each: int(each["log"]))}

    async def parked_streams(self, model: Model, batch: Batch, mark: Mark) -> set[str]:
        """The streams of the batch's log that have a fact parked from before it."""
        if not mark.letters:
            return set()
        before = {"range": {"number": {"lte": batch.expected}}}
        found = await self._all(self._letters, model, {"term": {"log": batch.log}}, before)
        return {each["stream"] for each in found}

    async def park(self, letters: Sequence[DeadLetter], parked_at: int) -> None:
        """Keep facts that could not be applied; the same ones again change nothing."""
        for letter in letters:
            body = {
                "model": str(letter.model),
                "log": letter.log,
                "number": letter.number,
                "stream": letter.stream,
                "event_name": letter.event_name,
                "error": letter.error,
                "trace": letter.trace,
                "parked_at": parked_at,
            }
            path = f"/{self._letters}/_doc/{letter.model}:{letter.log}:{letter.number}"
            await self._search.ask("PUT", path, body)
        if letters:
            await self._search.refresh(self._letters)

    async def parked_of(self, model: Model, stream: str) -> list[tuple[int, int]]:
        """What is parked of a stream, as log and number, in order."""
        found = await self._all(self._letters, model, {"term": {"stream": stream}})
        return [(each["log"], each["number"]) for each in found]

    async def discard(self, model: Model, log: int, number: int) -> bool:
        """Delete a letter; False where there is none."""
        path = f"/{self._letters}/_doc/{model}:{log}:{number}"
        status, _ = await self._search.ask("DELETE", path, allowed=(HTTPStatus.NOT_FOUND,))
        await self._search.refresh(self._letters)
        return status != HTTPStatus.NOT_FOUND

    async def letters(self, model: Model) -> int:
        """How many facts are parked."""
        _, answer = await self._search.ask("POST", f"/{self._letters}/_count", {"query": _of(model)})
        return int(answer["count"])

    async def dead_letters(self, model: Model, limit: int) -> list[DeadLetter]:
        """What is parked, in the order of the log."""
        found = (await self._all(self._letters, model, limit=limit))[:limit]
        return [DeadLetter(**{**each, "model": model, "parked_at": moment(each["parked_at"])}) for each in found]

    async def clear(self, model: Model) -> None:
        """Forget a build."""
        path = f"/{self._checkpoints},{self._letters}"
        await self._search.refresh(self._checkpoints, self._letters)
        params = {"conflicts": "proceed", "refresh": "true"}
        await self._search.ask("POST", f"{path}/_delete_by_query", {"query": _of(model)}, params=params)

    async def _all(self, name: str, model: Model, *wanted: Json, limit: int = _MOST) -> list[Json]:
        """The documents of a build, by log and number."""
        found: list[Json] = []
        after: list[Any] | None = None
        while len(found) < limit:
            body: Json = {
                "query": _of(model, *wanted),
                "sort": ["log", "number"],
                "size": min(limit, _MOST),
                **({} if after is None else {"search_after": after}),
            }
            _, answer = await self._search.ask("POST", f"/{name}/_search", body)
            hits = answer["hits"]["hits"]
            found += [hit["_source"] for hit in hits]
            if len(hits) < body["size"]:
                break
            after = hits[-1]["sort"]
        return found


def _of(model: Model, *wanted: Json) -> Json:
    return {"bool": {"filter": [{"term": {"model": str(model)}}, *wanted]}}
