"""Reactions: waiting photos are handed out, never twice at once, until their rows are gone."""

import asyncio
from collections import Counter
from datetime import timedelta

from projections.processing import WaitingPhotoRow
from streams.reactions import Reactions
from tests.streams.memory_log import START


class Desk:
    """Rows that wait, and a record of who worked on them."""

    def __init__(self, *photos: str) -> None:
        self.rows = {photo: WaitingPhotoRow(photo, f"owner-{photo}", START) for photo in photos}
        self.running: Counter[str] = Counter()
        self.most = 0
        self.handed: list[str] = []
        self.fails: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.keeps_rows = False
        self.looks = 0

    async def page(self, *, after, limit):
        self.looks += 1
        return [self.rows[photo] for photo in sorted(self.rows) if after is None or photo > after][:limit]

    async def process(self, photo, owner):
        assert owner == f"owner-{photo}"
        self.running[photo] += 1
        assert self.running[photo] == 1
        self.most = max(self.most, self.running.total())
        self.handed.append(photo)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if self.fails[photo]:
                self.fails[photo] -= 1
                raise RuntimeError("torn film")
            if not self.keeps_rows:
                del self.rows[photo]
        finally:
            self.running[photo] -= 1


async def until(true):
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def test_all_that_waits_is_handed_out_a_few_at_a_time():
    desk = Desk(*(f"p{number:03}" for number in range(250)))
    reactions = Reactions(desk, desk.process, concurrency=3, sweep_s=60)
    reactions.start()
    await until(lambda: not desk.rows)
    assert desk.handed == sorted(desk.handed)
    assert len(desk.handed) == len(set(desk.handed))
    assert desk.most == 3
    desk.rows["new"] = WaitingPhotoRow("new", "owner-new", START)
    reactions.nudge()
    await until(lambda: not desk.rows)
    await reactions.stop()


async def test_what_fails_holds_up_nothing():
    desk = Desk("bad", "good")
    desk.fails["bad"] = 1
    reactions = Reactions(desk, desk.process, concurrency=1, sweep_s=60, again_s=60, back_off_s=60)
    reactions.start()
    await until(lambda: "good" not in desk.rows)
    assert desk.handed == ["bad", "good"]
    await reactions.stop()


async def test_what_fails_is_tried_again():
    desk = Desk("bad")
    desk.fails["bad"] = 2
    reactions = Reactions(desk, desk.process, concurrency=1, sweep_s=60, back_off_s=0.01)
    reactions.start()
    await until(lambda: not desk.rows)
    assert desk.handed == ["bad"] * 3
    await reactions.stop()


async def test_a_photo_whose_row_lags_is_left_alone_for_a_while():
    desk = Desk("slow")
    desk.keeps_rows = True
    reactions = Reactions(desk, desk.process, sweep_s=0.01, again_s=0.3)
    reactions.start()
    began = asyncio.get_running_loop().time()
    await until(lambda: len(desk.handed) == 2)
    assert asyncio.get_running_loop().time() - began >= 0.3
    await reactions.stop()


async def test_a_photo_that_waits_anew_is_handed_out_anew_but_not_beside_itself():
    desk = Desk("again")
    desk.gate.clear()
    desk.keeps_rows = True
    reactions = Reactions(desk, desk.process, sweep_s=0.01)
    reactions.start()
    await until(lambda: desk.running["again"] == 1)
    desk.rows["again"] = WaitingPhotoRow("again", "owner-again", START + timedelta(hours=1))
    looks = desk.looks
    await until(lambda: desk.looks > looks + 4)
    assert desk.handed == ["again"]
    desk.gate.set()
    await until(lambda: len(desk.handed) == 2)
    await reactions.stop()


async def test_rows_that_cannot_be_read_are_reported_and_read_later():
    desk = Desk("one")
    page, failures = desk.page, iter([OSError("gone")])

    async def fails_once(**place):
        for failure in failures:
            raise failure
        return await page(**place)

    desk.page = fails_once
    reactions = Reactions(desk, desk.process, sweep_s=0.05)
    reactions.start()
    await until(lambda: reactions.error is not None)
    await until(lambda: not desk.rows and reactions.error is None)
    await reactions.stop()


async def test_stopping_calls_off_what_runs():
    desk = Desk("long")
    desk.gate.clear()
    reactions = Reactions(desk, desk.process)
    reactions.start()
    await until(lambda: desk.running["long"] == 1)
    async with asyncio.timeout(5):
        await reactions.stop()
    assert desk.running["long"] == 0
    assert "long" in desk.rows
