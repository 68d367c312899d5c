"""Idempotency keys, in one process and against another: one event, one answer."""

import asyncio
from datetime import timedelta

import pytest
from starlette.requests import Request

from api.idempotency import Idempotency
from api.ports import Limits
from api.positions import Positions
from api.problems import Problem
from api.signing import Sealer
from commands.deciding import Receipt
from commands.errors import Conflict
from domain.errors import Contradicted, Invalid
from domain.once import Answer
from infra.core import utc_now


class App:
    class state:  # noqa: N801 - as the framework calls it
        positions = Positions(Sealer(b"s" * 32), None, Limits(), utc_now)


class Ledger:
    """A command that counts how often it took effect, and what it was answered with."""

    def __init__(self) -> None:
        self.effects = 0
        self.answers: dict[str, tuple[str, Answer]] = {}
        self.pause = asyncio.Event()
        self.pause.set()
        self.begun = asyncio.Event()
        self.refuse: Exception | None = None
        self.elsewhere: Answer | None = None

    async def recall(self, once) -> Receipt[None] | None:
        held = self.answers.get(once.stream.name)
        if held is None:
            return None
        if held[0] != once.body_hash:
            raise Invalid("idempotency_key_reused", "…")
        return Receipt(None, replayed=held[1])

    async def run(self, once) -> Receipt[str]:
        self.begun.set()
        await self.pause.wait()
        if self.elsewhere is not None:
            self.answers[once.stream.name] = (once.body_hash, self.elsewhere)
        if self.refuse is not None:
            raise self.refuse
        self.effects += 1
        if once is not None:
            self.answers[once.stream.name] = (once.body_hash, once.answer("state"))
        return Receipt("state", reached={0: 1})


def request(key: str | None = "k", body: bytes = b"{}", path: str = "/v1/x") -> Request:
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [] if key is None else [(b"idempotency-key", key.encode("latin-1"))]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": headers,
        "query_string": b"",
        "app": App,
        "server": ("test", 80),
    }
    return Request(scope, receive)


def made(_: str) -> Answer:
    return Answer(201, '{"made":true}')


async def ask(once: Idempotency, ledger: Ledger, asked: Request, caller: str | None = "ana"):
    return await once.answer(asked, {}, caller=caller, slot=1, make=made, run=ledger.run)


async def test_fifty_at_once_take_effect_once_and_get_one_answer() -> None:
    ledger = Ledger()
    once = Idempotency(ledger.recall, Limits())
    answers = await asyncio.gather(*(ask(once, ledger, request()) for _ in range(50)))
    assert ledger.effects == 1
    assert {(answer.status_code, answer.body) for answer in answers} == {(201, b'{"made":true}')}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert all("X-Position" in answer.headers for answer in answers)
    assert once._turns == {}


async def test_without_a_key_each_takes_effect() -> None:
    ledger = Ledger()
    once = Idempotency(ledger.recall, Limits())
    for _ in range(2):
        await ask(once, ledger, request(None))
    assert ledger.effects == 2


async def test_a_key_counts_for_one_caller_and_one_path() -> None:
    ledger = Ledger()
    once = Idempotency(ledger.recall, Limits())
    await ask(once, ledger, request())
    await ask(once, ledger, request(), caller="ben")
    await ask(once, ledger, request(path="/v1/y"))
    await ask(once, ledger, request(), caller=None)
    await ask(once, ledger, request(body=b"[]"), caller=None)
    assert ledger.effects == 5


async def test_the_same_key_with_another_body_is_refused() -> None:
    ledger = Ledger()
    once = Idempotency(ledger.recall, Limits())
    await ask(once, ledger, request())
    with pytest.raises(Invalid) as raised:
        await ask(once, ledger, request(body=b"[]"))
    assert raised.value.code == "idempotency_key_reused"


async def test_a_try_that_failed_leaves_nothing() -> None:
    ledger = Ledger()
    once = Idempotency(ledger.recall, Limits())
    ledger.refuse = Invalid("invalid", "no")
    with pytest.raises(Invalid):
        await ask(once, ledger, request())
    ledger.refuse = None
    answer = await ask(once, ledger, request(body=b"[1]"))
    assert (answer.status_code, ledger.effects, once._turns) == (201, 1, {})


async def test_a_repeat_while_the_first_is_at_work_is_409_in_the_end() -> None:
    ledger = Ledger()
    ledger.pause.clear()
    once = Idempotency(ledger.recall, Limits(in_flight_s=timedelta(milliseconds=20).total_seconds()))
    first = asyncio.create_task(ask(once, ledger, request()))
    await asyncio.wait_for(ledger.begun.wait(), 5)
    with pytest.raises(Problem) as raised:
        await ask(once, ledger, request())
    assert (raised.value.status, raised.value.code) == (409, "in_flight")
    ledger.pause.set()
    assert (await first).status_code == 201
    assert (await ask(once, ledger, request())).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("refusal", [Contradicted("username_taken", "…"), Conflict("…")])
async def test_what_another_process_answered_meanwhile_is_the_answer(refusal) -> None:
    ledger = Ledger()
    ledger.refuse, ledger.elsewhere = refusal, Answer(201, '{"made":"elsewhere"}')
    once = Idempotency(ledger.recall, Limits())
    answer = await ask(once, ledger, request())
    assert (answer.body, answer.headers["Idempotency-Replayed"]) == (b'{"made":"elsewhere"}', "true")


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_1_to_255_characters(key) -> None:
    ledger = Ledger()
    with pytest.raises(Invalid):
        await ask(Idempotency(ledger.recall, Limits()), ledger, request(key))
    assert ledger.effects == 0
