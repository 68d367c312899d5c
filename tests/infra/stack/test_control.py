"""Commands on a stack: what they say when something is missing, fails, or is not there."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.stack import app
from infra.stack import control, opensearch, ports, postgres, reading, tools
from infra.stack.bringing import Bringing, silent
from infra.stack.errors import Failed, StackError, Unavailable
from infra.stack.layout import Secrets, Stack
from infra.stack.service import Launch, Service
from infra.stack.services import SERVICES, chosen

run = CliRunner().invoke


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any program, and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(postgres, "programs", lambda: None)
    return tmp_path / "cache"


def pretend(name: str, script: str, *, answers: bool = False) -> Service:
    """A server that is a line of shell, and claims to answer or not."""
    return Service(
        name=name,
        ports=(name,),
        missing=lambda _cache: [],
        fetch=lambda _cache, _tell: None,
        configure=lambda _stack, _tell: None,
        launch=lambda _stack: Launch(("sh", "-c", script)),
        answers=lambda _stack: answers,
    )


def bringing(tmp_path: Path) -> Bringing:
    base = ports.free_base(ports.candidates(28_000))
    return Bringing(Stack(tmp_path, tmp_path, base, Secrets.generate()), silent)


def test_everything_missing_is_named_with_its_remedy(bare: Path) -> None:
    said = [str(each) for each in control.missing((), bare)]
    assert {each.split(":")[0] for each in said} == set(SERVICES)
    assert any(each.startswith("kafka: java is missing. Install a Java") for each in said)
    assert any(each.startswith("minio: go is missing. Install Go") for each in said)
    assert any("sudo apt-get install redis-server" in each for each in said)


def test_software_in_the_cache_needs_no_tools_to_fetch_it(bare: Path) -> None:
    opensearch._software(bare).mkdir(parents=True)
    opensearch._entrance(bare).mkdir()
    assert [each.what for each in control.missing(["opensearch"], bare)] == ["java"]


def test_root_needs_no_packages_beforehand(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "can_install", lambda: True)
    assert control.missing(["redis", "postgres"], bare) == []


def test_nothing_starts_when_something_is_missing(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        control.up(tmp_path / "stack", bare, ["minio"])
    assert [each.service for each in caught.value.missing] == ["minio"]
    assert not (tmp_path / "stack").exists()


def test_what_follows_a_missing_server_is_left_out_too() -> None:
    assert control._runnable(chosen(["postgres", "redis"]), {"postgres-a"}) == chosen(["postgres-b", "redis"])


def test_a_replica_brings_its_primary_along() -> None:
    assert [each.name for each in chosen(["postgres-a-replica"])] == ["postgres-a", "postgres-a-replica"]


def test_an_unknown_server_is_refused() -> None:
    with pytest.raises(StackError, match="no server mongodb"):
        chosen(["mongodb"])


def test_a_server_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"redis: ended before it answered(?s:.*)no such luck"):
        bringing(tmp_path).all([pretend("redis", "echo no such luck; exit 3")])


def test_a_taken_port_is_reported_before_anything_starts(tmp_path: Path) -> None:
    attempt = bringing(tmp_path)
    with socket.socket() as taken:
        taken.bind((ports.HOST, attempt.stack.port("redis")))
        taken.listen()
        with pytest.raises(Failed, match="taken by another program"):
            attempt.all([pretend("redis", "echo started")])
    assert not attempt.stack.log("redis").exists()


def test_one_failure_does_not_keep_the_others_from_starting(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    stack = control._opened(root, root, None)
    both = [pretend("redis", "exit 1"), pretend("minio", "sleep 60", answers=True)]
    try:
        with pytest.raises(Failed, match="redis") as caught:
            Bringing(stack, silent).all(both)
        assert "minio" not in str(caught.value)
        conditions = {each.name: each.condition for each in reading.status(root)}
        assert conditions["minio"] == "silent"  # it runs; that it is no real MinIO is seen too
        assert conditions["redis"] == "dead"
        assert control.environment(root).keys() == {name for name in control.environment(root) if "MINIO" in name}
        with pytest.raises(StackError, match="take it down before"):
            control._opened(root, root, stack.base + ports.STEP)
    finally:
        control.down(root, wipe=True)
    assert not (root / "state.json").exists()


def test_status_of_nothing_is_stopped_and_no_failure(tmp_path: Path) -> None:
    shown = run(app, ["status", "--json", "--dir", str(tmp_path)])
    assert shown.exit_code == 0
    assert {each["name"]: each["condition"] for each in json.loads(shown.stdout)} == dict.fromkeys(SERVICES, "stopped")
    assert "postgres-a-replica" in run(app, ["status", "--dir", str(tmp_path)]).stdout


def test_taking_down_nothing_is_fine(tmp_path: Path) -> None:
    assert run(app, ["down", "--dir", str(tmp_path / "none")]).exit_code == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "command", [["kill", "redis"], ["restart", "redis"], ["env"], ["logs", "mongodb"], ["logs", "redis", "-f"]]
)
def test_commands_on_what_is_not_there_say_so(command: list[str], tmp_path: Path) -> None:
    shown = run(app, [*command, "--dir", str(tmp_path)])
    assert shown.exit_code == 1
    assert shown.stderr.strip()
    assert "Traceback" not in shown.stderr


def test_logs_show_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "redis.log"
    log.parent.mkdir()
    log.write_text("one\ntwo\nthree\n")
    assert run(app, ["logs", "redis", "-n", "2", "--dir", str(tmp_path)]).stdout == "two\nthree\n"


@pytest.mark.usefixtures("bare")
def test_missing_tools_are_listed_on_the_command_line(tmp_path: Path) -> None:
    for flags in ([], ["--available"]):
        shown = run(app, ["up", "minio", *flags, "--dir", str(tmp_path / "s"), "--cache", str(tmp_path / "c")])
        assert shown.exit_code == 1
        assert "minio: go is missing. Install Go" in shown.stderr
