"""The worker processes: what ends one of them costs its file a try, and nobody else anything."""

import asyncio
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from commands.ports import Developed, Exposed
from domain.ids import new_id
from infra.files.disk import Disk
from infra.images.pool import Limits, VipsDarkroom
from infra.images.worker import home
from tests.infra.images.plates import Deadly, Failing, Stalling
from tests.infra.images.samples import encoded, jpeg, noise
from tests.infra.images.test_hostile import READY, TABLE, outcome

SECRET = b"an installation's secret"
BOUND = 300 << 20
"""Memory that no file of the hostile table may cost a worker; it begins with a third of that."""
TAKEN_IN = datetime(2026, 11, 21, 12, tzinfo=UTC)
PHOTO = new_id(7, TAKEN_IN, lambda _: 1)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "objects")


def exposed(disk: Disk, content: bytes, key: str = "uploads/original", photo: str = PHOTO) -> Exposed:
    disk.write(key, content, "image/jpeg")
    return Exposed(photo, key, "image/jpeg", None)


def ended(pid: int, seconds: float = 30) -> bool:
    """Whether the process has ended, or does so in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    said = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(said["VmHWM"].split()[0]) * 1024


def workers() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


async def test_a_photo_is_developed_and_its_files_lie_where_it_says(disk: Disk) -> None:
    async with VipsDarkroom(disk, SECRET, workers=1) as room:
        developed = await room.develop(exposed(disk, jpeg(2000, 1000)))
    assert isinstance(developed, Developed)
    assert developed.rendition.recipe == 1
    for variant in developed.rendition.variants:
        assert disk.size(variant.key) == variant.bytes
        assert variant.key.startswith(f"photos/2026/11/21/{PHOTO}/")
        assert variant.key.endswith(f"/{developed.sha256[:12]}-r1/{variant.name}.{variant.format}")
    assert len(disk.list("photos/")) == len(developed.rendition.variants) == 13


async def test_asked_again_it_writes_the_same_keys_and_leaves_no_others(disk: Disk) -> None:
    original = exposed(disk, jpeg())
    async with VipsDarkroom(disk, SECRET, workers=1) as room:
        first, second = await room.develop(original), await room.develop(original)
    assert first == second
    assert isinstance(first, Developed)
    assert disk.list("photos/") == tuple(sorted(variant.key for variant in first.rendition.variants))


def test_the_folder_of_a_photo_is_its_own_and_not_to_be_guessed() -> None:
    other = new_id(7, TAKEN_IN, lambda _: 2)
    folders = {home(PHOTO, SECRET), home(other, SECRET), home(PHOTO, b"other")}
    assert len({folder.rsplit("/", 1)[1] for folder in folders}) == 3
    assert all(len(folder.rsplit("/", 1)[1]) == 32 for folder in folders)


async def test_hostile_files_leave_the_workers_as_they_were(disk: Disk) -> None:
    async with VipsDarkroom(disk, SECRET, workers=2) as room:
        before = sorted(workers())
        results = await asyncio.gather(
            *(room.develop(exposed(disk, content, f"uploads/{at}")) for at, (_, content, _) in enumerate(TABLE))
        )
        assert sorted(workers()) == before
        assert max(map(peak, before)) < BOUND
    assert [outcome(result) for result in results] == [expected for _, _, expected in TABLE]


@pytest.mark.parametrize(("deaths", "asked", "expected"), [(1, 2, READY), (2, 3, READY), (9, 3, "processing_failed")])
async def test_a_file_that_kills_its_worker_is_tried_three_times(
    disk: Disk, tmp_path: Path, deaths: int, asked: int, expected: str
) -> None:
    plates = Deadly(disk, tmp_path / "tally", deaths)
    original = exposed(disk, jpeg(), "uploads/deadly")
    async with VipsDarkroom(plates, SECRET, workers=1) as room:
        result = await room.develop(original)
        assert outcome(result) == expected
        assert plates.asked == asked
        plates.tally.unlink()
        assert isinstance(await room.develop(exposed(disk, jpeg())), Developed)
    if isinstance(result, Developed):
        assert disk.list("photos/") == tuple(sorted(variant.key for variant in result.rendition.variants))


async def test_a_worker_killed_at_its_work_costs_the_others_nothing(disk: Disk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    plates = Stalling(disk, tmp_path / "pipe")
    others = [exposed(disk, encoded(noise(300, 200)), f"uploads/{at}") for at in range(6)]
    async with VipsDarkroom(plates, SECRET, workers=2) as room:
        stalled = asyncio.create_task(room.develop(exposed(disk, jpeg(), "uploads/stalling")))
        around = asyncio.gather(*map(room.develop, others))
        for _ in range(3):
            victim = int(await asyncio.to_thread(plates.pipe.read_text))
            os.kill(victim, signal.SIGKILL)
        assert outcome(await stalled) == "processing_failed"
        assert all(isinstance(result, Developed) for result in await around)


async def test_a_file_that_takes_too_long_is_given_up(disk: Disk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    plates = Stalling(disk, tmp_path / "pipe")
    async with VipsDarkroom(plates, SECRET, workers=1, limits=Limits(seconds=1.0)) as room:
        stalled = asyncio.create_task(room.develop(exposed(disk, jpeg(), "uploads/stalling")))
        victims = [int(await asyncio.to_thread(plates.pipe.read_text)) for _ in range(3)]
        assert outcome(await stalled) == "processing_failed"
        assert len(set(victims)) == 3
        assert all(ended(victim) for victim in victims)


async def test_a_file_that_needs_too_much_memory_is_given_up(disk: Disk) -> None:
    heavy = exposed(disk, encoded(Image.new("RGB", (8_500, 8_500)), progressive=True), "uploads/heavy")
    async with VipsDarkroom(disk, SECRET, workers=1, limits=Limits(memory_bytes=448 << 20)) as room:
        assert outcome(await room.develop(heavy)) == "processing_failed"
        assert isinstance(await room.develop(exposed(disk, jpeg())), Developed)
    async with VipsDarkroom(disk, SECRET, workers=1) as room:
        assert isinstance(await room.develop(heavy), Developed)


async def test_idle_workers_that_are_killed_are_replaced(disk: Disk) -> None:
    async with VipsDarkroom(disk, SECRET, workers=2) as room:
        victims = workers()
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        assert all(map(ended, victims))
        assert isinstance(await room.develop(exposed(disk, jpeg())), Developed)


async def test_ctrl_c_is_the_servers_affair(disk: Disk) -> None:
    async with VipsDarkroom(disk, SECRET, workers=1) as room:
        await room.develop(exposed(disk, jpeg()))
        (pid,) = workers()
        os.kill(pid, signal.SIGINT)
        assert isinstance(await room.develop(exposed(disk, jpeg())), Developed)
        assert workers() == [pid]


async def test_a_missing_original_and_a_failing_store_are_no_fault_of_the_file(disk: Disk) -> None:
    original = exposed(disk, jpeg())
    async with VipsDarkroom(disk, SECRET, workers=1) as room:
        with pytest.raises(FileNotFoundError):
            await room.develop(replace(original, object_key="uploads/gone"))
        assert isinstance(await room.develop(original), Developed)
    async with VipsDarkroom(Failing(), SECRET, workers=1) as room:
        with pytest.raises(ConnectionError, match="Odd"):
            await room.develop(original)


async def test_closing_finishes_what_is_under_way_and_ends_the_workers(disk: Disk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "gate")
    plates = Stalling(disk, tmp_path / "pipe", tmp_path / "gate")
    room = VipsDarkroom(plates, SECRET, workers=1)
    under_way = asyncio.create_task(room.develop(exposed(disk, jpeg(), "uploads/stalling")))
    pid = int(await asyncio.to_thread(plates.pipe.read_text))
    closing = asyncio.create_task(room.close())
    await asyncio.to_thread((tmp_path / "gate").write_text, "go")
    await closing
    assert isinstance(await under_way, Developed)
    assert ended(pid)
    with pytest.raises(RuntimeError, match="closed"):
        await room.develop(exposed(disk, jpeg()))


async def test_closing_does_not_wait_for_ever(disk: Disk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    plates = Stalling(disk, tmp_path / "pipe")
    room = VipsDarkroom(plates, SECRET, workers=1, limits=Limits(seconds=2.0))
    stalled = asyncio.create_task(room.develop(exposed(disk, jpeg(), "uploads/stalling")))
    pid = int(await asyncio.to_thread(plates.pipe.read_text))
    await room.close()
    with pytest.raises(RuntimeError, match="closed"):
        await stalled
    assert ended(pid)


SERVER = """
import asyncio, sys
from pathlib import Path
from commands.ports import Exposed
from infra.files.disk import Disk
from infra.images.pool import VipsDarkroom
from tests.infra.images.plates import Stalling

async def main():
    folder, photo = Path(sys.argv[1]), sys.argv[2]
    room = VipsDarkroom(Stalling(Disk(folder), folder / "pipe"), b"secret", workers=2)
    await room.start()
    assert "pyvips" not in sys.modules, "the server has loaded libvips"
    await asyncio.gather(*(room.develop(Exposed(photo, "uploads/stalling", "", None)) for _ in range(2)))

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_busy_workers_end_with_a_server_that_is_killed_and_the_server_never_loads_libvips(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "server.py").write_text(SERVER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, tmp_path / "server.py", tmp_path, PHOTO]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as server:
        pids: set[int] = set()
        while len(pids) < 2:
            pids.update(map(int, (tmp_path / "pipe").read_text().split()))
        assert server.poll() is None
        server.kill()
    assert all(map(ended, pids))
