"""`filmroll import`: a folder goes in once, oldest first, and what is no picture is said so."""

import os
import re
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from infra.cli.pictures import landscape
from tests.people import PASSWORD, jpeg, person


def run(url: str, folder: Path, username: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / "filmroll")
    return subprocess.run(
        [program, "import", str(folder), "--as", username, "--url", url],
        env={**os.environ, "FILMROLL_PASSWORD": password, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().splitlines()[-1]


def test_a_folder_goes_in_once_oldest_first_and_what_is_broken_is_named(url, tmp_path):
    me = person(url, f"import{uuid.uuid4().hex[:8]}")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "a-newest.jpg").write_bytes(landscape(1, datetime(2026, 3, 1, tzinfo=UTC)))
    (tmp_path / "b-oldest.jpg").write_bytes(landscape(2, datetime(2024, 3, 1, tzinfo=UTC)))
    (tmp_path / "deeper" / "c-middle.jpg").write_bytes(landscape(3, datetime(2025, 3, 1, tzinfo=UTC)))
    (tmp_path / "d-undated.png").write_bytes(b"")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "d-undated.png")
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "notes.txt").write_text("nor is this")

    first = run(url, tmp_path, me.username)
    assert first.returncode == 0, first.stderr
    assert outcome(first) == "4 imported, 1 rejected"
    assert re.search(r"rejected text\.jpg: .*\(not_an_image\)", first.stderr)
    assert "passed over notes.txt" in first.stderr
    me.headers.pop("X-Min-Position")
    taken = [photo["taken_at"] for photo in me.walk(f"/members/{me.username}/photos")]
    assert taken[0] is None
    assert taken[1:] == sorted(taken[1:], reverse=True)
    assert len(taken) == 4

    assert outcome(run(url, tmp_path, me.username)) == "1 rejected, 4 skipped"
    (tmp_path / "later.jpg").write_bytes(jpeg(77))
    assert outcome(run(url, tmp_path, me.username)) == "1 imported, 1 rejected, 4 skipped"


def test_what_can_not_work_is_said_in_one_line(url, tmp_path):
    me = person(url, f"import{uuid.uuid4().hex[:8]}")
    wrong = run(url, tmp_path, me.username, password="not the password")
    assert wrong.returncode == 1
    assert wrong.stderr.strip().endswith("(bad_credentials)")
    nowhere = run("http://127.0.0.1:9", tmp_path, me.username)
    assert nowhere.returncode == 1
    assert nowhere.stderr.strip().endswith("(unreachable)")
    assert "Traceback" not in wrong.stderr + nowhere.stderr
