"""Settings: typed, and every fault at once."""

import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from sluice.core.settings import NAMES, SettingsFault, read_settings, strangers


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    for name in (*NAMES, "DATABASE_URL", "DATABASE_URL_FILE", "PORT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLUICE_DATA", str(tmp_path))


def test_defaults(tmp_path):
    read = read_settings()
    assert (read.data, read.host, read.port, read.database_url, read.bank) == (tmp_path, "127.0.0.1", 8420, None, None)
    assert read.public_url == "http://127.0.0.1:8420"
    assert read.vault_key_file == tmp_path / "vault.key"
    assert read.webhook_pauses[0] == 60.0


def test_without_a_data_folder_the_systems_place_is_taken(monkeypatch):
    monkeypatch.delenv("SLUICE_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert read_settings().data.name == "sluice"


def test_a_flag_goes_before_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SLUICE_PORT", "1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://env")
    read = read_settings(data=tmp_path / "flag", port=0, database_url="postgresql://flag")
    assert (read.data, read.port, read.database_url) == (tmp_path / "flag", 0, "postgresql://flag")


def test_values_are_typed(monkeypatch):
    monkeypatch.setenv("SLUICE_WEBHOOK_PAUSES", "0.1, 2")
    monkeypatch.setenv("SLUICE_TRUSTED_PROXIES", "10.0.0.0/8,::1/128")
    monkeypatch.setenv("SLUICE_SETTLES_AFTER", "0")
    read = read_settings()
    assert read.webhook_pauses == (0.1, 2.0)
    assert read.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert read.settles_after == 0


@pytest.mark.shows("O4")
def test_all_faults_are_named_at_once(monkeypatch):
    """O4: one start names them all, each with its variable and what it should be."""
    wrong = {
        "SLUICE_PORT": "70000",
        "SLUICE_WEBHOOK_PAUSES": "1,soon",
        "SLUICE_ALLOW_NETWORKS": "10.0.0.1/8",
        "SLUICE_BANK": "nowhere",
        "SLUICE_SETTLES_AFTER": "-1",
        "SLUICE_PUBLIC_URL": "pay.example.com",
        "SLUICE_LOG": "loud",
        "DATABASE_URL_FILE": "/no/such/file",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsFault) as caught:
        read_settings()
    assert {sentence.split()[0].strip(":") for sentence in caught.value.sentences} == set(wrong)


def test_a_secret_comes_from_its_file_or_from_systemd(monkeypatch, tmp_path):
    """Conventions: each secret also as NAME_FILE and from $CREDENTIALS_DIRECTORY."""
    (tmp_path / "DATABASE_URL").write_text("postgresql://secret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_settings().database_url == "postgresql://secret"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "DATABASE_URL"))
    read = read_settings()
    assert read.database_url == "postgresql://secret"
    assert "postgresql" not in repr(read)
    monkeypatch.setenv("DATABASE_URL", "postgresql://other")
    with pytest.raises(SettingsFault, match="both set"):
        read_settings()


def test_the_bank_is_the_one_of_the_data_folder(monkeypatch, tmp_path: Path):
    (tmp_path / "bank.json").write_text(json.dumps({"address": "127.0.0.1:7001"}))
    assert read_settings().bank == "127.0.0.1:7001"
    monkeypatch.setenv("SLUICE_BANK", "127.0.0.1:7002")
    assert read_settings().bank == "127.0.0.1:7002"


@pytest.mark.shows("O19")
def test_a_misspelt_variable_is_told(monkeypatch):
    """O19: with the nearest name."""
    monkeypatch.setenv("SLUICE_SETTLE_AFTER", "1")
    assert strangers() == ["SLUICE_SETTLE_AFTER is not a setting of Sluice; did you mean SLUICE_SETTLES_AFTER?"]
