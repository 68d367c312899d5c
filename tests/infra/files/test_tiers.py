"""Originals in the folders of tiers: read from wherever they lie, and whole whenever a move is broken off."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import Contradicted
from domain.ids import new_id
from domain.tiers import HOT
from domain.uploads import object_key
from infra.files import tiers as module
from infra.files.disk import Disk
from infra.files.objects import FileObjects
from infra.files.tiers import ELSEWHERE, DamagedError, Lying, Tiers
from infra.images.pool import VipsDarkroom
from tests.infra.images.samples import jpeg
from tests.infra.images.test_pool import exposed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PHOTO = new_id(7, NOW, lambda _: 1)
KEY = object_key(PHOTO)
CONTENT = os.urandom(3_000_000)
STEPS = {"open", "os.rename", "os.remove", "os.symlink", "os.mkdir", "os.utime", "os.rmdir", "fcntl.flock"}


class Scene:
    """A store and the folders of two tiers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.disk = Disk(root / "objects", ("a", "b"))
        self.folders = {"warm": root / "warm", "cold": root / "cold"}
        self.tiers = Tiers(self.disk, self.folders)

    def move(self, tier: str, key: str = KEY) -> bool:
        with self.tiers.alone():
            return self.tiers.move(key, tier)

    def copies(self, content: bytes = CONTENT) -> int:
        """How many files hold these bytes, or a part of them."""
        files = [path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]
        return sum(content.startswith(path.read_bytes()[:1000] or b"-") for path in files)

    def rest(self) -> list[Path]:
        """Drafts, waiting links and notes that lie around."""
        return [path for folder in (".incoming", ".moving") for path in self.root.rglob(f"{folder}/*")]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.disk.write(KEY, CONTENT, "image/jpeg")
    return made


@pytest.mark.parametrize(
    "way", [["warm"], ["cold"], ["warm", "cold"], ["cold", "warm"], ["warm", HOT], ["warm", HOT, "cold"]]
)
def test_an_original_is_read_from_wherever_it_lies_and_lies_nowhere_else(scene: Scene, way: list[str]) -> None:
    before = scene.disk.find(KEY)
    for tier in way:
        assert scene.move(tier)
        assert list(scene.tiers.originals()) == [Lying(KEY, len(CONTENT), tier)]
        assert scene.disk.read(KEY) == CONTENT
        assert scene.disk.size(KEY) == len(CONTENT)
        assert scene.disk.list("photos/") == (KEY,)
        after = scene.disk.find(KEY)
        assert (after.etag, after.size, after.content_type) == (before.etag, before.size, before.content_type)
        assert scene.copies() == 1
        assert scene.rest() == []
    holding = next(path for path in scene.root.rglob("original") if not path.is_symlink())
    assert holding.is_relative_to(scene.folders.get(way[-1], scene.disk.root))


def test_what_ends_an_original_ends_its_bytes_in_whichever_tier(scene: Scene) -> None:
    for tier in ("warm", "cold"):
        scene.move(tier)
        scene.disk.remove([KEY])
        assert scene.copies() == 0
        assert scene.disk.size(KEY) is None
        assert list(scene.tiers.originals()) == []
        scene.disk.remove([KEY])
        scene.disk.write(KEY, CONTENT, "image/jpeg")
    scene.move("warm")
    scene.disk.write(KEY, b"others", "image/jpeg")
    assert scene.disk.read(KEY) == b"others"
    assert scene.copies() == 0
    assert [lying.tier for lying in scene.tiers.originals()] == [HOT]


def test_only_originals_are_moved(scene: Scene) -> None:
    folder = KEY.removesuffix("/original")
    for key in (f"{folder}/secret/0f-r1/feed.webp", "avatars/2026/11/21/x/original", f"photos/{PHOTO}/original"):
        scene.disk.write(key, b"x", "image/webp")
    assert [lying.key for lying in scene.tiers.originals()] == [KEY]


def test_an_original_that_is_gone_is_not_moved(scene: Scene) -> None:
    scene.disk.remove([KEY])
    assert not scene.move("warm")
    assert scene.copies() == 0
    assert list(scene.tiers.originals()) == []


@pytest.mark.parametrize("what", ["removed", "replaced"])
@pytest.mark.parametrize("start", [HOT, "cold"])
def test_what_happens_to_an_original_while_it_is_copied_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, what: str, start: str
) -> None:
    if start != HOT:
        scene.move(start)
    copy = module._copy

    def slow(source, draft):
        copy(source, draft)
        if what == "removed":
            scene.disk.remove([KEY])
        else:
            scene.disk.write(KEY, b"others", "image/jpeg")

    monkeypatch.setattr(module, "_copy", slow)
    assert not scene.move("warm")
    assert scene.copies() == 0
    assert scene.rest() == []
    assert scene.disk.size(KEY) == (None if what == "removed" else 6)


def test_a_copy_that_is_not_the_same_is_thrown_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = module._digest
    monkeypatch.setattr(module, "_digest", lambda file: digest(file)[::-1])
    with pytest.raises(DamagedError):
        scene.move("warm")
    assert scene.disk.read(KEY) == CONTENT
    assert scene.copies() == 1
    assert scene.rest() == []
    assert [lying.tier for lying in scene.tiers.originals()] == [HOT]


def test_a_full_disk_leaves_the_original_where_it_was(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source, draft):
        draft.write(CONTENT[:1_500_000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_copy", full)
    with pytest.raises(OSError, match="No space"):
        scene.move("cold")
    assert scene.disk.read(KEY) == CONTENT
    assert scene.copies() == 1
    assert scene.rest() == []


def test_only_one_run_moves_at_a_time(scene: Scene) -> None:
    with scene.tiers.alone(), pytest.raises(Contradicted, match="already"), Tiers(scene.disk, {}).alone():
        pass
    assert scene.move("warm")


def test_an_original_in_a_folder_that_is_no_tier_any_more_is_read_and_moved_from_there(scene: Scene) -> None:
    scene.move("warm")
    other = Tiers(scene.disk, {"warm": scene.root / "other"})
    assert list(other.originals()) == [Lying(KEY, len(CONTENT), ELSEWHERE)]
    assert scene.disk.read(KEY) == CONTENT
    with other.alone():
        assert other.move(KEY, "warm")
    assert scene.copies() == 1
    assert scene.disk.read(KEY) == CONTENT


def test_an_original_whose_folder_is_away_is_told(scene: Scene) -> None:
    scene.move("warm")
    scene.folders["warm"].rename(scene.root / "away")
    assert list(scene.tiers.originals()) == [Lying(KEY, None, "warm")]
    assert scene.disk.size(KEY) is None
    (scene.root / "away").rename(scene.folders["warm"])
    assert scene.disk.read(KEY) == CONTENT


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that ends, as by `kill -9`, before its nth step on the file system; False once it has fewer."""
    pid = os.fork()
    if pid == 0:
        left = [step]

        def count(event: str, _: object) -> None:
            if event in STEPS:
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        try:
            sys.addaudithook(count)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in {0, 9}
    return code == 9


@pytest.mark.parametrize(("start", "end"), [(HOT, "warm"), ("warm", "cold"), ("cold", HOT)])
def test_killed_at_any_step_the_original_is_whole_and_the_next_run_leaves_it_once(
    tmp_path: Path, start: str, end: str
) -> None:
    step = 0
    while True:
        scene = Scene(tmp_path / str(step))
        scene.disk.write(KEY, CONTENT, "image/jpeg")
        if start != HOT:
            scene.move(start)
        killed = killed_at(step, lambda: scene.move(end))  # noqa: B023
        assert scene.disk.read(KEY) == CONTENT, step
        with scene.tiers.alone():
            (lying,) = scene.tiers.originals()
            assert lying.tier in {start, end}, step
            if lying.tier != end:
                assert scene.tiers.move(KEY, end)
        assert scene.disk.read(KEY) == CONTENT, step
        assert scene.copies() == 1, step
        assert all(path.stat().st_size == 0 for path in scene.rest()), step  # killed before its note: a draft, no byte
        if not killed:
            break
        step += 1
    assert step > 10


def test_removed_after_a_run_that_was_killed_nothing_is_left_after_the_next(tmp_path: Path) -> None:
    step = 0
    while True:
        scene = Scene(tmp_path / str(step))
        scene.disk.write(KEY, CONTENT, "image/jpeg")
        killed = killed_at(step, lambda: scene.move("warm"))  # noqa: B023
        scene.disk.remove([KEY])
        assert scene.disk.size(KEY) is None
        with scene.tiers.alone():
            assert list(scene.tiers.originals()) == []
        assert scene.copies() == 0, step
        if not killed:
            break
        step += 1


async def test_workers_and_signed_urls_find_it_in_its_tier(scene: Scene) -> None:
    original = exposed(scene.disk, jpeg(2000, 1000), KEY, PHOTO)
    await asyncio.to_thread(scene.move, "cold")
    async with VipsDarkroom(scene.disk, b"secret", workers=1) as room:
        developed = await room.develop(original)
    assert developed.rendition.width == 2000
    objects = FileObjects(scene.disk.root, b"secret", "http://filmroll.test", now=lambda: NOW, buckets=("a", "b"))
    query = dict(
        pair.split("=") for pair in objects.signed_url(KEY, NOW + timedelta(minutes=5)).split("?")[1].split("&")
    )
    objects.verify_get(KEY, query)
    assert (await objects.open(KEY)).path.read_bytes() == jpeg(2000, 1000)
    await objects.remove([KEY])
    assert scene.copies(jpeg(2000, 1000)) == 0
