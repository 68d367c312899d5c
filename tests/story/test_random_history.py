"""A random history through the HTTP API against a naive model: every feed, list and count, after every stretch of it."""

import os
import random
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import Servers
from tests.serving import Server
from tests.story.history import WEIGHTS, History
from tests.story.mutants import MUTANTS

STRETCH = 50
EMBEDDED = int(os.environ.get("FILMROLL_STORY_OPERATIONS", "3000"))
CLUSTER = int(os.environ.get("FILMROLL_STORY_CLUSTER_OPERATIONS", "1000"))
THRESHOLDS = {"FILMROLL_CELEBRITY_UP": "3", "FILMROLL_CELEBRITY_DOWN": "2", "FILMROLL_CATCH_UP_S": "20"}
"""Three followers make a celebrity, so authors become one and cease to be one all the time."""


@pytest.fixture
def embedded(tmp_path) -> Iterator[str]:
    """A server of one's own, with tiny thresholds."""
    running = Server(tmp_path / "data", "--logs", "4", environment=THRESHOLDS).start(deadline_s=180)
    yield running.url
    running.stop()


def live(history: History, operations: int) -> None:
    for number in range(1, operations + 1):
        history.operate()
        if number % STRETCH == 0:
            history.compare()
    history.compare()
    assert history.done.keys() == WEIGHTS.keys()


@pytest.mark.timeout(1200)
def test_a_random_history_shows_what_a_naive_model_says(embedded: str) -> None:
    live(History(embedded, seed=7), EMBEDDED)


@pytest.mark.cluster
@pytest.mark.timeout(2400)
def test_a_random_history_shows_the_same_on_the_real_servers(cluster_server: Server) -> None:
    live(History(cluster_server.url, seed=8), CLUSTER)


UNRULY = 500
UNRULY_CLUSTER = 160
HALTED = 150
"""So many operations while nobody feeds read models: what restricts acts all the same."""
KILLS = 6


class Mortal:
    """A server that dies by `kill -9` while it is at work, and comes back at the same address."""

    def __init__(self, data: Path, dice: random.Random) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = (sys.executable, "-m", "tests.story.unruly")
        arguments = ("--logs", "4", "--port", str(port))
        self.server = Server(data, *arguments, environment=THRESHOLDS, program=program).start(deadline_s=180)
        self.url = self.server.url
        self._dice = dice
        self._up = threading.Event()
        self._up.set()
        self._dying: threading.Timer | None = None

    def strike(self) -> None:
        """Kill it in a moment, in the middle of whatever it does then."""
        if self._dying is not None:
            self._dying.join()
        self._up.clear()
        self._dying = threading.Timer(self._dice.random() * 0.05, self._die)
        self._dying.start()

    def up(self) -> None:
        """Wait until it is there again."""
        assert self._up.wait(timeout=240), "the server did not come back"

    def _die(self) -> None:
        self.server.kill()
        self.server.start(deadline_s=180)
        self._up.set()

    def stop(self) -> None:
        """End it in peace."""
        if self._dying is not None:
            self._dying.join()
        self.server.stop()


@pytest.mark.timeout(900)
def test_it_shows_the_same_with_everything_delivered_twice_workers_paused_and_the_process_killed(tmp_path) -> None:
    dice = random.Random(11)
    mortal = Mortal(tmp_path / "data", dice)
    try:
        history = History(mortal.url, seed=11, up=mortal.up)
        deaths = set(dice.sample(range(20, UNRULY), KILLS))
        for number in range(1, UNRULY + 1):
            if number in deaths:
                mortal.strike()
            history.operate()
            if number % STRETCH == 0:
                mortal.up()
                history.compare()
        history.compare()
    finally:
        mortal.stop()


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_it_shows_the_same_on_real_servers_while_all_comes_twice_and_processes_are_stopped_and_killed(
    stack: Servers, tmp_path
) -> None:
    from tests.cluster_story import Story  # their drivers come with the extra `cluster`
    from tests.story.hunted import Hunted
    from tests.story.unruly_cluster import program

    dice = random.Random(12)
    environment = {**THRESHOLDS, "FILMROLL_CATCH_UP_S": "50"}
    hunted = Hunted(Story(stack, tmp_path / "data", environment=environment, program=program(tmp_path)), dice)
    try:
        history = History(hunted.url, seed=12, up=hunted.up)
        strikes = hunted.strikes(range(20, UNRULY_CLUSTER - 20))
        for number in range(1, UNRULY_CLUSTER + 1):
            for strike in strikes.get(number, ()):
                hunted.soon(strike)
            history.operate()
            if number % (UNRULY_CLUSTER // 2) == 0:
                history.compare()
        hunted.settle()
        history.opening, history.curious = False, 1.0
        history.weights = {what: weight for what, weight in WEIGHTS.items() if what != "publish"}
        with hunted.halted():  # nobody feeds any read model
            for _ in range(HALTED):
                history.operate()
        history.compare()
        assert history.done.keys() == WEIGHTS.keys()
    finally:
        hunted.end()


@contextmanager
def broken(data: Path, mutant: str) -> Iterator[str]:
    program = (sys.executable, "-m", "tests.story.mutants", mutant)
    running = Server(data, "--logs", "4", environment=THRESHOLDS, program=program).start(deadline_s=180)
    try:
        yield running.url
    finally:
        running.stop()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_story_notices_when_the_product_is_broken(tmp_path, mutant) -> None:
    with broken(tmp_path / "data", mutant.__name__) as url:
        history = History(url, seed=3, members=4)
        with pytest.raises(AssertionError):  # noqa: PT012 whichever comes first
            for number in range(1, 601):
                history.operate()
                if number % 20 == 0:
                    history.compare()
