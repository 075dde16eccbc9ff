"""Where the database is, and who may make one."""

from pathlib import Path

import pytest
from furnished import mail

from tests.cli.conftest import Run

INVOICES = "Invoice No,Date,Total,Currency\nINV-2026-4471,2026-03-01,40.00,EUR\n"


@pytest.mark.parametrize(
    "command",
    [
        "cases list", "cases list --json", "cases show DSP-2026-000001-1", "cases export", "review list",
        "letters list", "letters stop", "quarantine list", "alarms list", "account", "account --json", "ledger status",
        "ledger show INV-1", "model corrections", "model evaluate",
    ],
)  # fmt: skip
def test_who_only_looks_or_works_on_what_is_there_makes_no_database(triage: Run, tmp_path: Path, command: str) -> None:
    """A wrong folder is one clear line with the path, and not an empty queue and a new file."""
    ran = triage(*command.split())
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert f"there is no database at {tmp_path / 'triage.db'} yet" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["doctor", "migrate", "ledger import invoices.csv"])
def test_who_begins_a_site_makes_its_database(triage: Run, tmp_path: Path, command: str) -> None:
    """Afterwards there is something to look at."""
    (tmp_path / "invoices.csv").write_text(INVOICES)
    triage(*command.split())
    ran = triage("cases", "list")
    assert (ran.code, ran.out) == (0, "Cases: none.\n")


def test_a_site_is_the_same_from_every_folder(triage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its database lies beside its configuration; nothing is left where the command was typed."""
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    (site / "config.toml").write_text('[database]\nurl = "sqlite:///triage.db"\n')
    monkeypatch.chdir(site)
    assert triage("migrate").code == 0
    monkeypatch.chdir(elsewhere)
    assert triage("-c", "../site/config.toml", "cases", "list").code == 0
    assert list(elsewhere.iterdir()) == []


def test_a_mail_is_explained_before_there_is_a_database(triage: Run, tmp_path: Path) -> None:
    """Nothing was imported yet, so there are no records to ask; and explaining has no effect."""
    (tmp_path / "config.toml").write_text('[ledger]\nsource = "import"\n')
    (tmp_path / "complaint.eml").write_bytes(mail())
    assert triage("rules", "check").code == 0
    assert triage("explain", "complaint.eml").code == 0
    assert not (tmp_path / "triage.db").exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"TRIAGE_DATABASE__URL": "postgresql+psycopg://me:half@s3cret:12x@db/triage"},
        {"TRIAGE_LEDGER__URL": "mysql://me:half@s3cret:12x@db/erp", "TRIAGE_LEDGER__SOURCE": "sql",
         "TRIAGE_LEDGER__QUERIES": '{"invoice": "select 1 as number where 1 = :number"}'},
    ],
    ids=["database", "ledger"],
)  # fmt: skip
def test_a_url_that_cannot_be_read_is_told_without_its_password(
    triage: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """A password with an @ in it must be written %40; what stands behind is no port, and not for everybody to read."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = triage("ledger", "status")
    assert ran.code == 2
    assert "is no database URL, like postgresql+psycopg://user@host/name" in ran.err
    assert "12x" not in ran.err
