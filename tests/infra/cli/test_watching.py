"""`filmroll projections status --watch`: look after look, with rates, until it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import structlog
from structlog.testing import capture_logs

from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import installation, say


def test_what_is_logged_does_not_mix_with_what_was_asked_for(tmp_path):
    data = installation(tmp_path / "data", lively(1))
    program = str(Path(sys.executable).parent / "filmroll")
    every = os.environ | {"FILMROLL_SLOW_QUERY_MS": "0"}
    words = [program, "projections", "status", "--json", "--data", str(data)]
    done = subprocess.run(words, capture_output=True, text=True, env=every, check=True)
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == len(CATALOGUE)
    assert "slow query" in done.stderr


def test_nor_does_it_in_a_process_that_captured_log_lines_before(tmp_path, monkeypatch):
    data = installation(tmp_path / "data", lively(1))
    monkeypatch.setenv("FILMROLL_SLOW_QUERY_MS", "0")
    with capture_logs():
        assert structlog.is_configured()
    lines = say("projections", "status", "--json", "--data", data).splitlines()
    assert len([json.loads(line) for line in lines]) == len(CATALOGUE)


def test_rates_come_with_the_second_look_and_an_interrupt_ends_it(tmp_path):
    data = installation(tmp_path / "data", lively(2))
    program = str(Path(sys.executable).parent / "filmroll")
    words = [program, "projections", "status", "--json", "--watch", "--data", str(data)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        looks = [[json.loads(process.stdout.readline()) for _ in CATALOGUE] for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert [{line["rate"] for line in look} for look in looks] == [{None}, {0.0}]
    assert all(line["behind"] > 0 and line["lag_s"] > 0 for look in looks for line in look)
    assert process.returncode == 0, said
    assert "Traceback" not in said
