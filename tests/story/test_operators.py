"""What operators do while members go on: rebuilt, verified, switched and rolled back, and no reader or writer notices."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.stack import control
from tests.people import Person, person
from tests.serving import Server

PHOTOS = 9
REBUILT = ("timelines", "likes", "counters")


@dataclass
class Operator:
    """Somebody at the command line of an installation that is being used."""

    server: Server
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        """`filmroll …`, which has to succeed; gives what it printed."""
        done = CliRunner().invoke(app, words, env=self.environment, catch_exceptions=False)
        assert done.exit_code == 0, (words, done.output)
        return done.stdout

    def states(self, name: str) -> dict[str, str]:
        """The builds of a projection."""
        lines = map(json.loads, self.run("projections", "status", "--json").splitlines())
        return {line["build"]: line["state"] for line in lines if line["build"].startswith(f"{name}@")}


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.cluster)])
def operator(request: pytest.FixtureRequest) -> Operator:
    if request.param == "embedded":
        server: Server = request.getfixturevalue("server")
        return Operator(server, {"FILMROLL_DATA": str(server.data)})
    server = request.getfixturevalue("cluster_server")
    own = {name: value for name, value in server.environment.items() if name.startswith("FILMROLL_")}
    stack = control.environment(request.getfixturevalue("stack").root)
    return Operator(server, stack | own | {"FILMROLL_PROFILE": "cluster", "FILMROLL_DATA": str(server.data)})


@dataclass
class Traffic:
    """Members who read and write without a pause; the first thing that goes wrong is kept."""

    rounds: int = 0
    errors: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def keep(self, work: Callable[[int], None]) -> threading.Thread:
        def turn() -> None:
            number = 0
            try:
                while not self.over.is_set():
                    work(number)
                    number += 1
                    self.rounds += 1
            except BaseException as error:  # noqa: BLE001 it is the test's
                self.errors.append(error)

        thread = threading.Thread(target=turn)
        thread.start()
        return thread


@contextmanager
def traffic(*works: Callable[[int], None]) -> Iterator[Traffic]:
    """These, again and again, while the block lasts; whatever went wrong is raised at its end."""
    running = Traffic()
    threads = [running.keep(work) for work in works]
    try:
        yield running
    finally:
        running.over.set()
        for thread in threads:
            thread.join(120)
    if running.errors:
        raise running.errors[0]


def members(url: str, stem: str) -> tuple[Person, Person, Person]:
    return person(url, f"{stem}author"), person(url, f"{stem}reader"), person(url, f"{stem}writer")


@pytest.mark.timeout(900)
def test_rebuild_verify_switch_and_rollback_under_reads_and_writes(operator: Operator) -> None:
    author, reader, writer = members(operator.server.url, f"op{os.urandom(3).hex()}")
    for each in (reader, writer):
        each.call("PUT", f"/members/{author.username}/follow", status=200)
    published = [author.publish(seed=number) for number in range(PHOTOS)]
    for photo in published:
        author.ready(photo, 120)
    reader.headers["X-Min-Position"] = ",".join((author.headers["X-Min-Position"], reader.headers["X-Min-Position"]))

    def read(_: int) -> None:
        feed = [photo["photo_id"] for photo in reader.walk("/feed", limit=2)]
        assert feed == published[::-1]
        reader.get(f"/photos/{published[0]}")
        reader.walk(f"/photos/{published[0]}/likes", limit=2)

    def write(number: int) -> None:
        photo = published[number % PHOTOS]
        writer.call("PUT" if number // PHOTOS % 2 == 0 else "DELETE", f"/photos/{photo}/like", status=200)
        seen = writer.get(f"/photos/{photo}")
        assert seen["viewer"]["liked"] is (number // PHOTOS % 2 == 0)
        assert seen["counts"]["likes"] == int(seen["viewer"]["liked"])
        if number % 5 == 0:
            writer.call("POST", f"/photos/{photo}/comments", json={"text": "while they rebuild"}, status=201)

    with traffic(read, write) as running:
        for name in REBUILT:
            before = running.rounds
            assert "is ready" in operator.run("projections", "rebuild", name)
            (fresh,) = [build for build, state in operator.states(name).items() if state == "ready"]
            assert "equal" in operator.run("projections", "verify", name)
            operator.run("projections", "switch", fresh)
            assert operator.states(name)[fresh] == "live"
            assert "again" in operator.run("projections", "rollback", name)
            assert operator.states(name)[fresh] == "retired"
            assert running.rounds > before
            assert not running.errors
