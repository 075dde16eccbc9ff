"""Corrections change the model at once where they must, and for good only where it gets better."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.errors import ModelError, NotFound, OperatorError
from triage.understanding.classify import Words
from triage.understanding.evaluate import Labelled
from triage.understanding.learn import FEWEST, Learned, current, learn, promote, roll_back, versions
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


def test_one_correction_comes_out_right_at_once(site: Path, base: Path) -> None:
    """The next copy of the same mail is not wrong again, though one mail is too little to change the heads."""
    wrong = mail("what is the price of the card that you took from my new address and my bill for the month", "other")
    learned = learn(site, base, [wrong], now=NOW)
    assert not learned.heads
    assert str(FEWEST) in learned.summary
    [verdict] = open_model(site / learned.version).score([wrong.words])
    assert verdict.probability >= 0.9
    assert verdict.reason == "other"


def test_heads_that_got_better_are_kept(site: Path, base: Path) -> None:
    """What the corrections have in common is learned, not only remembered."""
    learned = learn(site, base, moved(), now=NOW)
    assert learned.heads
    assert learned.before
    assert learned.after
    assert learned.after.loss < learned.before.loss
    unseen = Words(subject="", reply="i moved to a new order and a new card")
    [before], [after] = open_model(base).score([unseen]), open_model(site / learned.version).score([unseen])
    assert after.probability > before.probability


def test_a_pinned_mail_must_not_come_out_worse(site: Path, base: Path) -> None:
    """Heads that would break a pinned mail are not kept, and the mail is named."""
    pinned = mail("i moved to a new address")
    learned = learn(site, base, moved(), pinned=[pinned], now=NOW)
    assert not learned.heads
    assert learned.regressed == ("i moved to a new address",)


def test_corrections_that_teach_nothing_leave_the_heads(site: Path, base: Path) -> None:
    """Labels thrown like dice make nothing better."""
    noise = [mail(f"{thing} {other}", "other" if (at + other_at) % 2 else "none")
             for at, thing in enumerate(THINGS) for other_at, other in enumerate(THINGS[:4])]  # fmt: skip
    learned = learn(site, base, noise, now=NOW)
    assert learned.before is not None
    assert not learned.heads or (learned.after is not None and learned.after.loss < learned.before.loss)


def test_versions_are_listed_promoted_and_rolled_back(site: Path, base: Path) -> None:
    """An admin can go back, to the version before and to the shipped model."""
    assert versions(site) == []
    assert current(site) is None
    first = learn(site, base, [mail("a bill", "other")], now=NOW).version
    second = learn(site, base, [mail("a bill", "none")], now=NOW).version
    assert [(each.name, each.current) for each in versions(site)] == [(first, False), (second, True)]
    assert versions(site)[0].created == "2026-03-01T12:00:00+00:00"
    assert roll_back(site) == first
    assert current(site) == site / first
    assert roll_back(site) is None
    assert current(site) is None
    with pytest.raises(NotFound, match="shipped model"):
        roll_back(site)
    promote(site, second)
    assert current(site) == site / second


def test_only_versions_can_be_promoted(site: Path, base: Path) -> None:
    """Not any folder that somebody names."""
    learn(site, base, [mail("a bill", "other")], now=NOW)
    for name in ("v9999", "../tiny", ""):
        with pytest.raises(NotFound):
            promote(site, name)


def test_a_version_of_another_base_is_refused(site: Path, base: Path) -> None:
    """Heads fit the encoder that they were learned on, and no other."""
    version = learn(site, base, [mail("a bill", "other")], now=NOW).version
    write_description(base, describe(base).model_copy(update={"version": "2"}))
    with pytest.raises(ModelError, match="learned on another version"):
        open_model(site / version)


def test_nothing_to_learn_from_is_said(site: Path, base: Path) -> None:
    """No corrections, no version."""
    with pytest.raises(OperatorError, match="nothing to learn"):
        learn(site, base, [], now=NOW)


def test_the_last_correction_of_a_mail_counts(site: Path, base: Path) -> None:
    """People change their minds."""
    text = "the same amount was taken twice from my card and i never agreed to a late fee on my bill this month"
    learned: Learned = learn(site, base, [mail(text, "other"), mail(text, "none")], now=NOW)
    [verdict] = open_model(site / learned.version).score([Words(subject="", reply=text)])
    assert verdict.probability < 0.5
