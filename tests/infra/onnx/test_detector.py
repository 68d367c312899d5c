"""The process that looks: what ends or holds it costs one picture its tries, and the others a second look at the most."""

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from commands.ports import Spoiled
from domain.images import Label, Rendition, Variant
from infra.files.disk import Disk
from infra.onnx.detector import OnnxDetector
from infra.onnx.spec import OtherModelError, UnfitModel
from tests.infra.images.plates import Failing
from tests.infra.images.samples import encoded
from tests.infra.onnx import models

WHITE = (255, 255, 255)
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
GIVEN_UP = "detection_failed"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "objects")


def picture(disk: Disk, colour: tuple[int, int, int], key: str = "") -> Rendition:
    """A rendition with a file of one colour, and others that say something else."""
    key = key or f"photos/{'-'.join(map(str, colour))}"
    files = {"thumb": (16, 16), "small": (40, 30), "medium": (6, 4), "download": (9, 9)}
    variants = []
    for name, size in files.items():
        shown = Image.new("RGB", size, colour if name == "small" else WHITE)
        disk.write(f"{key}/{name}", encoded(shown), "image/jpeg")
        variants.append(Variant(name, "jpeg", *size, 1, f"{key}/{name}"))
    return Rendition(1, 40, 30, "", "", tuple(variants))


def surest(seen: tuple[Label, ...] | Spoiled) -> str:
    return seen.code if isinstance(seen, Spoiled) else seen[0].name


@dataclass(frozen=True, slots=True)
class Tallied:
    """Kills the process that reads a lethal file, so many times, and counts how often each file is read."""

    disk: Disk
    tally: Path
    deaths: int = 99

    def read(self, key: str) -> bytes:
        with self.tally.open("a") as file:
            file.write(f"{key} {os.getpid()}\n")
        if "lethal" in key and self.times("lethal") <= self.deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        raise AssertionError("nothing is written")

    def times(self, part: str) -> int:
        return sum(part in line for line in self.tally.read_text().splitlines())


async def test_many_are_looked_at_and_each_gets_its_own_answer(disk, tmp_path):
    async with OnnxDetector(models.spec(tmp_path, batch=3), disk) as detector:
        wanted = [*COLOURS] * 4
        seen = await asyncio.gather(*(detector.look(picture(disk, COLOURS[name])) for name in wanted))
        assert [surest(each) for each in seen] == wanted
        assert (detector.model.name, detector.opened.provider) == ("seer", "CPUExecutionProvider")


async def test_they_are_looked_at_together_by_the_one_process(disk, tmp_path, monkeypatch):
    batches = []
    async with OnnxDetector(models.spec(tmp_path, models.colours_of_bytes, batch=9), disk) as detector:
        run = detector._processes.run

        async def counted(function, *given):
            batches.append(len(given[-1]))
            return await run(function, *given)

        monkeypatch.setattr(detector._processes, "run", counted)
        shown = picture(disk, COLOURS["blue"])
        assert {surest(each) for each in await asyncio.gather(*(detector.look(shown) for _ in range(5)))} == {"blue"}
        assert len(multiprocessing.active_children()) == 1
    assert batches == [2, 2, 1]  # as many as the model insists on


@pytest.mark.parametrize(("make", "detail"), [(models.afraid, "Gather"), (models.brooding, "too long")])
async def test_a_picture_that_a_model_can_not_bear_is_given_up_and_the_others_are_not(disk, tmp_path, make, detail):
    async with OnnxDetector(models.spec(tmp_path, make), disk, seconds=2.0) as detector:
        shown = [picture(disk, colour) for colour in (*COLOURS.values(), WHITE)]
        *well, given_up = await asyncio.gather(*map(detector.look, shown))
        assert [surest(each) for each in well] == [*COLOURS]
        assert given_up.code == GIVEN_UP
        assert detail in given_up.detail
        assert surest(await detector.look(shown[0])) == "red"


@pytest.mark.parametrize(("deaths", "reads", "outcome"), [(2, 3, "green"), (9, 3, GIVEN_UP)])
async def test_what_ends_the_process_is_tried_three_times(disk, tmp_path, deaths, reads, outcome):
    plates = Tallied(disk, tmp_path / "tally", deaths)
    async with OnnxDetector(models.spec(tmp_path), plates) as detector:
        lethal, other = picture(disk, COLOURS["green"], "lethal"), picture(disk, COLOURS["red"])
        seen = await asyncio.gather(detector.look(lethal), detector.look(other))
        assert [surest(each) for each in seen] == [outcome, "red"]
        assert plates.times("lethal") == reads


async def test_a_missing_or_damaged_file_is_said_and_a_failing_store_is_raised(disk, tmp_path):
    gone, damaged = picture(disk, WHITE, "gone"), picture(disk, WHITE, "damaged")
    disk.remove(["gone/small"])
    disk.write("damaged/small", b"no picture", "image/jpeg")
    none = Rendition(1, 1, 1, "", "", ())
    async with OnnxDetector(models.spec(tmp_path), disk) as detector:
        seen = await asyncio.gather(*map(detector.look, (gone, damaged, none, picture(disk, COLOURS["red"]))))
        assert [surest(each) for each in seen] == ["no_picture"] * 3 + ["red"]
    async with OnnxDetector(models.spec(tmp_path), Failing()) as detector:
        with pytest.raises(ConnectionError, match="Odd"):
            await detector.look(gone)


async def test_a_model_that_is_changed_meanwhile_is_not_taken_for_the_one_that_was_opened(disk, tmp_path):
    made, shown = models.spec(tmp_path), picture(disk, COLOURS["red"])
    async with OnnxDetector(made, disk) as detector:
        models.labels(made.labels, "rouge", "vert", "bleu")
        assert surest(await detector.look(shown)) == "red"  # the process has opened it
        (process,) = multiprocessing.active_children()
        process.kill()
        process.join(30)
        with pytest.raises(OtherModelError, match="changed while the server was running"):
            await detector.look(shown)


async def test_what_is_wrong_with_a_model_is_said_when_it_is_started(disk, tmp_path):
    detector = OnnxDetector(models.spec(tmp_path, None, "red"), disk)
    with pytest.raises(UnfitModel, match="tells 3 labels apart"):
        async with detector:
            raise AssertionError("it started")
    assert not multiprocessing.active_children()
    with pytest.raises(RuntimeError, match="not open"):
        await detector.look(picture(disk, WHITE))


async def test_closing_ends_what_waits(disk, tmp_path):
    detector = OnnxDetector(models.spec(tmp_path, models.brooding), disk, seconds=2.0)
    await detector.start()
    waits = [asyncio.create_task(detector.look(picture(disk, WHITE))) for _ in range(9)]
    async with asyncio.timeout(30):
        while not detector._processes._under_way:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    await detector.close()
    ended = await asyncio.gather(*waits, return_exceptions=True)
    assert all(isinstance(each, RuntimeError | Spoiled) for each in ended)
    assert not multiprocessing.active_children()
