"""`triage retention run` as its user meets it."""

import json
from pathlib import Path

import pytest
from furnished import TwinHouse, mail

from tests.cli.conftest import Run
from triage import pipeline

KEY = "0123456789abcdef" * 4
CONFIG = f'[retention]\ncases_months = 3\nmails_months = 1\nkey = "{KEY}"\n'


@pytest.fixture
def past(house: TwinHouse) -> TwinHouse:
    """A case that was resolved, and a mail without a case, long ago."""
    house.world.clock.forward(days=-400)
    support = house.world.mailboxes["support"]
    support.put(mail(), arrived=house.now())
    support.put(mail("Thank you!", sender="bo@example.org", message_id="<2@example.org>"), arrived=house.now())
    house.settle()
    reference = house.desk.case.line.reference
    house.store.cases.resolve(reference, "upheld", root_cause="double run", actor="ana", now=house.now())
    pipeline.collect(house)
    return house


def test_nothing_is_deleted_unless_months_are_set(triage: Run, tmp_path: Path, past: TwinHouse) -> None:
    """One line that says what to set; `doctor` says that it is off."""
    ran = triage("retention", "run")
    assert ran.code == 2
    assert "set cases_months or mails_months under [retention]" in ran.err
    assert past.desk.case.line.customer == "ana@example.org"
    assert "off: no mail, name or text is ever deleted" in triage("doctor").out


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("cases_months = 3\n", "key_file is missing"),
        ('cases_months = 3\nkey = "short"\n', "retention.key has 5 characters"),
        ('cases_months = 3\nkey_file = "nowhere"\n', "No such file"),
        (f'cases_months = -1\nkey = "{KEY}"\n', "greater than or equal to 0"),
    ],
)
def test_a_key_that_is_none_is_told(triage: Run, tmp_path: Path, past: TwinHouse, config: str, said: str) -> None:
    """Exit code 2, before anything is deleted; the key is never printed."""
    (tmp_path / "config.toml").write_text(f"[retention]\n{config}")
    ran = triage("retention", "run")
    assert ran.code == 2
    assert said in ran.err
    assert KEY not in ran.err
    assert past.desk.case.line.customer == "ana@example.org"


def test_it_says_what_it_would_do_and_then_does_it(triage: Run, tmp_path: Path, past: TwinHouse) -> None:
    """Figures before and after; the case is still there to look at, exported, and in the books."""
    (tmp_path / "retention.key").write_text(KEY + "\n")
    (tmp_path / "config.toml").write_text(CONFIG.replace(f'key = "{KEY}"', 'key_file = "retention.key"'))
    reference = past.desk.case.line.reference
    ran = triage("retention", "run", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Would be forgotten: 1 cases, 3 mails, 1 letters;")
    assert past.desk.case.line.customer == "ana@example.org"
    ran = triage("retention", "run", "--json")
    told = json.loads(ran.out)
    assert (told["cases"], told["mails"], told["letters"], told["dry_run"]) == (1, 3, 1, False)
    assert told["bytes"] > 0
    shown = triage("cases", "show", reference, "--mail")
    assert shown.code == 0
    assert "were deleted: past their time" in shown.out
    assert "upheld; cause: double run" in shown.out
    look = f"cases show --mail --json {reference}", "cases export", "account --json", "letters list --all"
    for command in (*look, "letters show 1", "model corrections", "alarms history", "cases list --all", "report"):
        ran = triage(*command.split())
        assert (ran.code, ran.err) == (0, ""), command
        assert "ana@example.org" not in ran.out, command
        assert "bo@example.org" not in ran.out, command
    assert "made pseudonyms: 1 cases, 3 mails, 1 letters" in triage("alarms", "history").out
    assert "cases 3 months, mails without a case 1 months" in triage("doctor").out
    assert triage("retention", "run").out.startswith("Forgotten: 0 cases, 0 mails, 0 letters;")


def test_a_case_on_hold_is_told(triage: Run, tmp_path: Path, past: TwinHouse) -> None:
    """It stays as it is until the tag is taken off."""
    (tmp_path / "config.toml").write_text(CONFIG.replace("cases_months = 3", "cases_months = 1200"))
    reference = past.desk.case.line.reference
    assert triage("cases", "tag", reference, "legal-hold").out == f"{reference}: tagged legal-hold.\n"
    assert "tags: legal-hold" in triage("cases", "show", reference).out
    ran = triage("cases", "tag", reference, "other", "--remove")
    assert ran.code == 2
    assert "has no tag other" in ran.err
    assert triage("retention", "run").out.startswith("Forgotten: 0 cases, 2 mails")
    assert past.desk.case.line.customer == "ana@example.org"
