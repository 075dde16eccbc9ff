"""`triage model`: figures, learning and versions as an admin meets them."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flows.test_learning import CLAIMS, TINY, LearningHouse, arrive
from furnished import World
from understanding.test_learn import moved

from tests.cli.conftest import Run
from tests.cli.conftest import triage as triage
from triage.cli.model import PINNED
from triage.house import SHIPPED_MODEL, shipped
from triage.understanding.labelled import read_labelled
from triage.understanding.models import open_model

ROWS = [
    {"id": "a", "text": "you charged me twice for the same month", "label": "duplicate_charge", "language": "en"},
    {"id": "b", "text": "please send me a copy of my bill", "label": "none", "language": "en"},
    {"id": "c", "text": "thank you for your help", "label": "wrong_amount", "language": "en"},
]


@pytest.fixture
def site(triage: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Commands under the tiny model, in a folder with a database and labelled mails."""
    triage("migrate")
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "onnx")
    monkeypatch.setenv("TRIAGE_MODEL__PATH", str(TINY))
    write(tmp_path / "mails.jsonl", ROWS)
    rows = [{"text": mail.words.reply, "label": mail.label, "language": "en"} for mail in moved()]
    write(tmp_path / "moved.jsonl", rows)
    return triage


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def worked(tmp_path: Path, site: Run) -> list[str]:
    """Two cases of the site's database: one rejected, one with another reason. Their references."""
    world = World(url=f"sqlite:///{tmp_path / 'triage.db'}")
    with LearningHouse(world, tmp_path / "learned") as house:
        for number in range(2):
            arrive(house, f"{CLAIMS} {'really ' * 6 * number}", number)
        first, second = (case.line.reference for case in house.desk.cases)
        house.store.cases.move(first, "reject", actor="ana", now=house.now())
        house.store.cases.correct_reason(second, "promo_not_applied", actor="ana", now=house.now())
    return [first, second]


def test_figures_on_a_labelled_file(site: Run) -> None:
    """In words: bands, languages, reasons, calibration, confusion, and which mails are in the wrong band."""
    ran = site("model", "evaluate", "mails.jsonl")
    assert ran.code == 0
    for words in ("tiny 1", "3, of which 2 disputes", "ECE", "duplicate_charge", "macro F1", "truth (rows)"):
        assert words in ran.out
    assert ran.out.rstrip().endswith("wrong_amount                c")


def test_figures_as_json_and_as_a_chart(site: Run, tmp_path: Path) -> None:
    """For other programs, and for people who like pictures."""
    ran = site("model", "evaluate", "mails.jsonl", "--json", "--chart", "reliability.svg")
    told = json.loads(ran.out)
    assert told["overall"]["count"] == 3
    assert told["confusion"]["none"] == {"none": 1}
    assert [mistake["id"] for mistake in told["mistakes"]] == ["c"]
    assert 0 <= told["ece"] <= 1
    assert ET.parse(tmp_path / "reliability.svg").getroot().tag.endswith("svg")  # noqa: S314 -- we wrote it


def test_other_thresholds_can_be_tried(site: Run) -> None:
    """What if: the bands move, nothing is written down."""
    told = json.loads(site("model", "evaluate", "mails.jsonl", "--auto", "0", "--json").out)
    assert told["bands"]["auto"] == [2, 1]
    ran = site("model", "evaluate", "mails.jsonl", "--auto", "0.2", "--review", "0.5")
    assert (ran.code, "must not be over" in ran.err) == (2, True)


def test_figures_on_what_people_decided(site: Run, worked: list[str]) -> None:
    """Without a file: the desk's own decisions, told by case; what is remembered of them does not flatter."""
    told = json.loads(site("model", "evaluate", "--json").out)
    assert (told["overall"]["count"], told["overall"]["disputes"]) == (2, 1)
    assert "promo_not_applied" not in told["confusion"]["promo_not_applied"]
    assert [mistake["id"] for mistake in told["mistakes"]] == worked[:1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["evaluate", "absent.jsonl"], "absent.jsonl cannot be read: No such file"),
        (["evaluate", "bad.jsonl"], "bad.jsonl:2: the label 'nonsense' is none of"),
        (["evaluate"], "nothing to evaluate"),
        (["evaluate", "mails.jsonl", "--chart", "no/folder.svg"], "no/folder.svg: No such file"),
        (["learn"], "nothing to learn from"),
        (["learn", "bad.jsonl"], "bad.jsonl:2"),
        (["promote", "v0009"], "there is no version v0009"),
        (["rollback"], "nothing to roll back"),
        (["pin", "DSP-2026-000009-9"], "there is no case DSP-2026-000009-9"),
    ],
)
def test_a_mistake_is_one_clear_line(site: Run, tmp_path: Path, words: list[str], why: str) -> None:
    """Exit code 2, and no traceback."""
    write(tmp_path / "bad.jsonl", [ROWS[0], ROWS[1] | {"label": "nonsense"}])
    ran = site("model", *words)
    assert ran.code == 2
    assert why in ran.err
    assert "Traceback" not in ran.err


def test_what_is_better_is_kept_used_and_rolled_back(site: Run) -> None:
    """The whole way of an admin: learn, list, explain, roll back, promote."""
    ran = site("model", "learn", "moved.jsonl")
    assert ran.code == 0, ran.err
    assert "36 mails to learn from" in ran.out
    assert "V0001 has better verdicts and reasons on mails not learned from. It is in use." in ran.out
    assert "Decides now: tiny 1+v0001" in site("model", "list").out
    assert "learned here (learned/v0001)" in site("doctor").out
    told = json.loads(site("explain", "--jsonl", "--fields", "dispute", stdin='{"id": "1", "text": "i moved"}\n').out)
    assert told["dispute"]["model"] == "tiny 1+v0001"
    assert "In use: tiny 1." in site("model", "rollback").out
    assert "In use: tiny 1+v0001." in site("model", "promote", "v0001").out
    assert "In use: tiny 1." in site("model", "promote", "shipped").out
    [version] = [json.loads(line) for line in site("model", "list", "--json").out.splitlines()]
    assert (version["name"], version["current"], version["corrections"]) == ("v0001", False, 36)


def test_a_version_can_be_held(site: Run) -> None:
    """Kept, and put into use by a person."""
    told = json.loads(site("model", "learn", "moved.jsonl", "--hold", "--json").out)
    assert (told["version"], told["in_use"]) == ("v0001", False)
    assert "Decides now: tiny 1\n" in site("model", "list").out


def test_versions_are_dated_in_the_sites_zone(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other time that a person reads."""
    monkeypatch.setenv("TRIAGE_HOURS__ZONE", "Pacific/Kiritimati")
    site("model", "learn", "moved.jsonl")
    [version] = [json.loads(line) for line in site("model", "list", "--json").out.splitlines()]
    made = datetime.fromisoformat(version["created"]).astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert f"{made:%Y-%m-%d %H:%M}" in site("model", "list").out


def test_what_is_not_better_says_why(site: Run, tmp_path: Path) -> None:
    """And changes nothing; a pinned mail that would come out wrong is named."""
    write(tmp_path / "pinned.jsonl", [{"id": "ours", "text": "i moved my card to address", "label": "none"}])
    ran = site("model", "learn", "moved.jsonl", "--pinned", "pinned.jsonl")
    assert ran.code == 0
    assert "pinned and wrong: ours" in ran.out
    assert "Nothing changes: new heads would get 1 pinned mails wrong" in ran.out
    assert "Decides now: tiny 1\n" in site("model", "list").out
    assert "Nothing changes: there are 2 disputes and 1 other mails" in site("model", "learn", "mails.jsonl").out


def test_phrases_cannot_learn(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is read."""
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "none")
    ran = site("model", "learn", "moved.jsonl")
    assert (ran.code, "phrases cannot learn" in ran.err) == (2, True)


def test_what_people_said_is_listed_and_pinned(site: Run, worked: list[str]) -> None:
    """What there is to learn from, and what must not get lost."""
    first, second = worked
    assert f"{first.upper()}: pinned as none." in site("model", "pin", first).out
    listed = [json.loads(line) for line in site("model", "corrections", "--json").out.splitlines()]
    assert {(said["case"], said["label"], said["pinned"]) for said in listed} == {
        (first, "none", True), (second, "promo_not_applied", False),
    }  # fmt: skip
    assert "no longer pinned" in site("model", "pin", first, "--off").out
    assert "pinned" not in site("model", "corrections").out


def test_the_shipped_model_is_right_about_the_mails_that_are_pinned_with_it() -> None:
    """Plain mails of each language guard what a site teaches; a pinned mail that is wrong already guards nothing."""
    model = open_model(shipped("models") / SHIPPED_MODEL)
    mails = read_labelled(shipped("models") / SHIPPED_MODEL / PINNED)
    assert {mail.words.language for mail in mails} == {"en", "es", "pt", "fr", "de"}
    verdicts = model.score([mail.words for mail in mails])
    wrong = [m.id for m, verdict in zip(mails, verdicts, strict=True) if (verdict.probability > 0.5) != m.is_dispute]
    assert len(wrong) <= 2, wrong
