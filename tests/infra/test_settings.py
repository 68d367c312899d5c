"""Settings and the installation: documented, hidden where secret, and never contradicting what is on record."""

import json

import pytest
from pydantic import SecretStr

from infra.installation import InstallationError, open_installation
from infra.settings import Settings, described


def test_every_setting_is_a_sentence_and_a_variable():
    for setting in described(Settings(), {}):
        assert setting.description.endswith("."), setting.name
        assert setting.variable == f"FILMROLL_{setting.name.upper()}"


def test_it_is_told_where_a_value_comes_from(monkeypatch):
    monkeypatch.setenv("FILMROLL_PORT", "9999")
    told = {setting.name: setting for setting in described(Settings(host="::1"), {"host": "::1"})}
    assert (told["port"].value, told["port"].source) == ("9999", "environment")
    assert (told["host"].value, told["host"].source) == ("::1", "command line")
    assert told["log_level"].source == "default"


def test_secrets_are_hidden_inside_addresses_too():
    settings = Settings(
        secret=SecretStr("s" * 40),
        redis="redis://:hush@127.0.0.1:1/0",
        postgres="postgresql://me:hush@a/b,postgresql://me:hush@c/d",
    )
    shown = {setting.name: setting.value for setting in described(settings, {})}
    assert "hush" not in " ".join(shown.values())
    assert shown["redis"] == "redis://:********@127.0.0.1:1/0"
    assert shown["secret"] == "********"


def test_an_installation_keeps_its_secret_and_its_logs(tmp_path):
    made = open_installation(Settings(data=tmp_path / "data", logs=4), create=True)
    again = open_installation(Settings(data=tmp_path / "data"), create=False)
    assert again == made
    assert made.key("one") != made.key("two")
    assert made.fingerprint("ana") == again.fingerprint("ana") != made.fingerprint("ben")
    record = tmp_path / "data" / "installation.json"
    assert record.stat().st_mode & 0o077 == 0
    with pytest.raises(InstallationError, match="4 logs, for ever"):
        open_installation(Settings(data=tmp_path / "data", logs=1), create=True)


def test_a_stated_secret_is_proven_and_not_kept(tmp_path):
    stated = SecretStr("a root secret of forty characters, or so")
    made = open_installation(Settings(data=tmp_path, secret=stated), create=True)
    assert "root secret" not in (tmp_path / "installation.json").read_text()
    assert json.loads((tmp_path / "installation.json").read_text())["secret"] is None
    assert open_installation(Settings(data=tmp_path, secret=stated), create=False) == made
    for other in (SecretStr("another root secret of forty characters."), None):
        with pytest.raises(InstallationError):
            open_installation(Settings(data=tmp_path, secret=other), create=True)
    with pytest.raises(InstallationError, match="32 characters"):
        open_installation(Settings(data=tmp_path, secret=SecretStr("short")), create=True)


def test_a_tool_makes_no_installation(tmp_path):
    with pytest.raises(InstallationError, match="no installation"):
        open_installation(Settings(data=tmp_path / "nowhere"), create=False)
    assert not (tmp_path / "nowhere").exists()
