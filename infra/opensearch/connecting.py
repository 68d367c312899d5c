"""The connection: requests with time limits, and one error for all that says the servers can't answer now."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx
import orjson

from commands.errors import Unavailable
from infra.breaking import Breaker

Json = dict[str, Any]

_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, *(status for status in HTTPStatus if status >= 500)})  # noqa: PLR2004 server errors
_SECONDS: Final = httpx.Timeout(30.0, connect=2.0)
SEARCH_S: Final = 5.0
"""How long someone waits for what they searched."""


class RefusedRequestError(RuntimeError):
    """OpenSearch does not take a request as it is; no repetition will help."""


class OpenSearch:
    """One pool of connections, shared by everything in a process; every call may raise `commands.errors.Unavailable`.

    All names of indices begin with `prefix`, so that installations may share servers.
    """

    def __init__(self, url: str, *, prefix: str = "filmroll", replicas: int = 0) -> None:
        self.prefix = prefix
        self.replicas = replicas
        self._client = httpx.AsyncClient(base_url=url, timeout=_SECONDS, trust_env=False)
        self._breaker = Breaker("opensearch")

    async def close(self) -> None:
        """Let all connections go."""
        await self._client.aclose()

    def name(self, *parts: object) -> str:
        """The name of an index."""
        return "-".join((self.prefix, *map(str, parts))).lower()

    async def ask(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        allowed: Sequence[int] = (),
        timeout_s: float | None = None,
    ) -> tuple[int, Json]:
        """The status and the body of an answer; a refusal is raised unless its status is among the `allowed`."""
        return await self._send(method, path, None if body is None else orjson.dumps(body), params, allowed, timeout_s)

    async def bulk(self, lines: Iterable[bytes]) -> list[Json]:
        """Write documents; what became of each, in their order. They go to aliases only, so none comes by accident."""
        body = b"".join(lines)
        _, answer = await self._send("POST", "/_bulk", body, {"require_alias": "true"}, (), None)
        return [next(iter(item.values())) for item in answer["items"]]

    async def create(self, name: str, definition: Json) -> None:
        """Make an index; one that is there is left as it is."""
        shape = {**definition, "settings": {"number_of_replicas": self.replicas, **definition.get("settings", {})}}
        status, answer = await self.ask("PUT", f"/{name}", shape, allowed=(HTTPStatus.BAD_REQUEST,))
        if status == HTTPStatus.BAD_REQUEST and answer["error"]["type"] != "resource_already_exists_exception":
            raise RefusedRequestError(f"OpenSearch makes no index {name}: {answer['error']['reason']}")

    async def refresh(self, *names: str) -> None:
        """Let all that was written so far be found."""
        await self.ask("POST", f"/{','.join(names)}/_refresh")

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        params: Mapping[str, str | int] | None,
        allowed: Sequence[int],
        timeout_s: float | None,
    ) -> tuple[int, Json]:
        limit = _SECONDS if timeout_s is None else httpx.Timeout(timeout_s, connect=2.0)
        headers = {"Content-Type": "application/x-ndjson" if path == "/_bulk" else "application/json"}
        with self._breaker.calling():
            try:
                answer = await self._client.request(
                    method, path, content=content, params=params, headers=headers, timeout=limit
                )
            except httpx.HTTPError as error:
                raise Unavailable(f"OpenSearch can't be reached: {error!r}") from error
        if answer.status_code in _BUSY:
            raise Unavailable(f"OpenSearch can't cope: {answer.status_code} {answer.text[:300]}")
        if answer.is_error and answer.status_code not in allowed:
            raise RefusedRequestError(f"OpenSearch refuses {method} {path}: {answer.text[:300]}")
        return answer.status_code, orjson.loads(answer.content) if answer.content else {}
