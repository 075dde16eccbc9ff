"""Corrections change the model at once where they must, and for good only where it gets better."""

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.errors import ModelError, NotFound, OperatorError
from triage.understanding.classify import Words
from triage.understanding.evaluate import DISPUTE, Labelled
from triage.understanding.learn import FEWEST, SHIPPED, current, learn, open_version, promote, roll_back, versions
from triage.understanding.models import describe, open_model, write_description

TINY = Path(__file__).parent / "tiny"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
#: here "moved" speaks for a dispute, which the shipped model cannot know
THINGS = ("price", "order", "card", "month", "address", "bill", "help", "copy", "fee", "refund", "amount", "late")


def mail(text: str, label: str = "none") -> Labelled:
    """A labelled mail without a subject."""
    return Labelled(words=Words(subject="", reply=text), label=label)


def moved() -> list[Labelled]:
    """Enough corrections to judge by: whoever moved disputes a bill here, and nobody else."""
    claims = [
        mail(f"i moved my {thing} to {other}", "other") for thing, other in zip(THINGS, THINGS[::-1], strict=True)
    ]
    others = [
        mail(f"thank you for the {thing} and {other}")
        for thing, other in zip(THINGS, THINGS[3:] + THINGS[:3], strict=True)
    ]
    return [each for pair in zip(claims, others, strict=True) for each in pair] + [
        mail(f"moved {thing} moved {thing} please", "other") for thing in THINGS
    ]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The shipped model."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where this site keeps its versions."""
    return tmp_path / "site"


def test_heads_that_got_better_are_kept(site: Path, base: Path) -> None:
    """What the corrections have in common is learned."""
    learned = learn(site, base, moved(), now=NOW)
    assert learned.version == "v0001"
    assert learned.before
    assert learned.after
    assert learned.after.loss < learned.before.loss
    assert learned.after.mistakes < learned.before.mistakes
    unseen = Words(subject="", reply="i moved to a new order and a new card")
    [before], [after] = open_model(base).score([unseen]), open_version(site / "v0001", base).score([unseen])
    assert after.probability > before.probability
    assert after.model == "tiny 1+v0001"


def test_a_new_version_waits_to_be_put_into_use(site: Path, base: Path) -> None:
    """Learning changes nothing by itself."""
    learn(site, base, moved(), now=NOW)
    assert current(site) is None


def test_a_pinned_mail_must_not_come_out_worse(site: Path, base: Path) -> None:
    """Heads that would break a pinned mail are not kept, and the mail is named."""
    pinned = mail("i moved my card to address")
    learned = learn(site, base, moved(), pinned=[pinned], now=NOW)
    assert learned.version is None
    assert learned.regressed == ("i moved my card to address",)
    assert "1 pinned mail" in learned.summary
    assert versions(site, base) == []


def test_a_pinned_mail_is_measured_against_the_version_in_use(site: Path, base: Path) -> None:
    """What a version has brought must not be lost again by the next."""
    pinned = mail("i moved my card to address", "other")
    assert learn(site, base, moved(), pinned=[pinned], now=NOW).version == "v0001"
    promote(site, base, "v0001")
    turned = [mail(each.words.reply, "none" if each.is_dispute else "other") for each in moved()]
    assert learn(site, base, turned, pinned=[pinned], now=NOW).regressed == ("i moved my card to address",)


def test_corrections_that_teach_nothing_leave_the_heads(site: Path, base: Path) -> None:
    """Labels thrown like dice make nothing better, and it says so."""
    dice = random.Random(4)  # noqa: S311 -- to be repeated
    noise = [mail(f"{thing} {other}", dice.choice([DISPUTE, "none"])) for thing in THINGS for other in THINGS[:6]]
    learned = learn(site, base, noise, now=NOW)
    assert learned.version is None
    assert "on mails not learned from" in learned.summary


def test_too_few_to_judge_by_is_said(site: Path, base: Path) -> None:
    """How many are needed, and of which kind."""
    learned = learn(site, base, [mail("a bill", "other"), mail("thank you")], now=NOW)
    assert learned.version is None
    assert f"1 disputes and 1 other mails; new heads can be judged from {FEWEST}" in learned.summary
    one_sided = [mail(f"thank you for the {thing} and {other}") for thing in THINGS for other in THINGS[:3]]
    assert learn(site, base, one_sided, now=NOW).version is None


def test_versions_are_listed_promoted_and_rolled_back(site: Path, base: Path) -> None:
    """An admin can go back, to the version before and to the shipped model."""
    assert versions(site, base) == []
    assert current(site) is None
    for _ in range(2):
        learn(site, base, moved(), now=NOW)
    promote(site, base, "v0001")
    promote(site, base, "v0002")
    assert [(each.name, each.current) for each in versions(site, base)] == [("v0001", False), ("v0002", True)]
    assert versions(site, base)[0].created == "2026-03-01T12:00:00+00:00"
    assert versions(site, base)[0].corrections == len(moved())
    assert roll_back(site) == "v0001"
    assert current(site) == site / "v0001"
    assert roll_back(site) == SHIPPED
    assert current(site) is None
    with pytest.raises(NotFound, match="nothing to roll back"):
        roll_back(site)
    promote(site, base, "v0002")
    promote(site, base, SHIPPED)
    assert current(site) is None
    assert roll_back(site) == "v0002"


def test_only_whole_versions_can_be_promoted(site: Path, base: Path) -> None:
    """Not any folder that somebody names, and none whose files were changed."""
    learn(site, base, moved(), now=NOW)
    for name in ("v9999", "../tiny", ""):
        with pytest.raises(NotFound):
            promote(site, base, name)
    (site / "v0001" / "heads.safetensors").write_bytes(b"something else")
    with pytest.raises(ModelError, match="damaged or was replaced"):
        promote(site, base, "v0001")


def test_a_version_of_another_base_is_stale(site: Path, base: Path) -> None:
    """Heads fit the encoder that they were learned on: after an upgrade the new model is used until it has learned."""
    learn(site, base, moved(), now=NOW)
    promote(site, base, "v0001")
    write_description(base, describe(base).model_copy(update={"version": "2"}))
    assert versions(site, base)[0].stale
    assert open_version(current(site), base).name == "tiny 2"
    with pytest.raises(ModelError, match="learned on another version"):
        promote(site, base, "v0001")


def test_nothing_to_learn_from_is_said(site: Path, base: Path) -> None:
    """No corrections, no version."""
    with pytest.raises(OperatorError, match="nothing to learn"):
        learn(site, base, [], now=NOW)


def test_the_last_correction_of_a_mail_counts(site: Path, base: Path) -> None:
    """People change their minds."""
    learned = learn(site, base, [mail("a bill", "other"), mail("a bill", "none")], now=NOW)
    assert learned.corrections == 1
    assert "0 disputes and 1 other" in learned.summary


def test_a_dispute_whose_reason_nobody_knows_teaches_that_it_is_one(site: Path, base: Path) -> None:
    """Files of an admin often say no more than yes or no."""
    unknown = [mail(each.words.reply, DISPUTE if each.is_dispute else "none") for each in moved()]
    learned = learn(site, base, unknown, now=NOW)
    assert learned.version == "v0001"
    words = Words(subject="", reply="i moved to a new order and a new card")
    [before], [after] = open_model(base).score([words]), open_version(site / "v0001", base).score([words])
    assert after.probability > before.probability
    assert after.reasons == pytest.approx(before.reasons, abs=0.01)


def test_a_folder_that_cannot_be_written_to_is_the_operators_matter(site: Path, base: Path) -> None:
    """One line that names it."""
    site.write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(OperatorError, match="cannot be written to"):
        learn(site, base, moved(), now=NOW)
