"""`triage letters`: read, release, and what each state is called."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from furnished import MONDAY, TwinHouse, World, mail
from sqlalchemy import text

from tests.cli.conftest import Run
from triage import pipeline
from triage.letters.outbox import Lost


@pytest.fixture
def desk(world: World) -> Iterator[TwinHouse]:
    """A house whose letters wait for a person; commands work in its database."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        world.mailboxes["support"].put(mail(), arrived=house.now())
        house.settle()
        yield house


def doubtful(desk: TwinHouse) -> int:
    """The connection broke after its letter was handed over."""
    desk.world.relay.script.append(Lost(why="cut"))
    desk.store.outbox.release(desk.desk.letter.id, actor="kim", now=desk.now())
    pipeline.deliver(desk)
    return desk.desk.letter.id


def test_a_letter_is_read_before_it_is_released(triage: Run, desk: TwinHouse) -> None:
    """Headers and text as the customer will see them, for people and for programs."""
    ran = triage("letters", "show", "1")
    assert ran.code == 0
    assert "held" in ran.out
    assert "To: Ana <ana@example.org>" in ran.out
    assert "Subject: Re: My invoice" in ran.out
    assert "INV-100" in ran.out.partition("Subject:")[2]
    told = json.loads(triage("letters", "show", "1", "--json").out)
    assert (told["id"], told["state"], told["headers"]["To"]) == (1, "held", "Ana <ana@example.org>")
    assert told["headers"]["Message-ID"] == told["message_id"]
    assert "INV-100" in told["text"]
    assert triage("letters", "release", "1").code == 0
    desk.world.clock.now = desk.desk.letter.next_try or desk.now()
    desk.settle()
    assert desk.world.relay.deliveries[0].content == desk.store.outbox.show(1).content
    assert triage("letters", "show", "2").code == 2


def test_a_release_tells_which_dates_it_has_changed(triage: Run, desk: TwinHouse) -> None:
    """Nobody has read them before; the rest has been read. As it was written it goes without."""
    told = "its date and the day that it promises are counted anew on release"
    assert told in triage("letters", "show", "1").out
    with time_machine.travel(MONDAY + timedelta(days=3), tick=False):
        ran = triage("letters", "release", "1")
    assert ran.out == (
        "Letter 1: due now.\n  its date: 2026-11-19 10:00, no longer 2026-11-16 10:00\n"
        "  promises news by: 2026-11-20, no longer 2026-11-17\n"
    )
    shown = triage("letters", "show", "1").out
    assert "Date: Thu, 19 Nov 2026 10:00:00 +0000" in shown
    assert "by Friday, November 20, 2026 at the latest" in shown
    assert told not in shown


def test_a_letter_that_cannot_be_dated_anew_goes_as_it_was_written(triage: Run, desk: TwinHouse) -> None:
    """One of the first version says nothing of what it was made from."""
    with desk.store.engine.begin() as connection:
        connection.execute(text("UPDATE letter SET context = NULL"))
    before = desk.store.outbox.show(1).content
    ran = triage("letters", "release", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "letter 1 cannot be dated anew: it was written by an earlier version" in ran.err
    assert triage("letters", "release", "1", "--as-written").out == "Letter 1: due now.\n"
    assert desk.store.outbox.show(1).content == before
    assert triage("letters", "retry", "1").code == 0


def test_a_held_letter_is_released_and_not_retried(triage: Run, desk: TwinHouse) -> None:
    """There is one way out for it: the one that sees to its dates."""
    ran = triage("letters", "retry", "1")
    assert (ran.code, ran.err) == (2, "triage: letter 1 is held; this needs one that is refused, in doubt, due\n")


def test_releasing_a_letter_in_doubt_is_refused_and_retry_tells_of_the_risk(triage: Run, desk: TwinHouse) -> None:
    """It may have gone out: the customer would have two."""
    letter = str(doubtful(desk))
    ran = triage("letters", "release", letter)
    assert (ran.code, ran.err) == (2, "triage: letter 1 is in doubt; this needs one that is held\n")
    assert "arrives twice" in triage("letters", "retry", letter).out
    assert "arrives twice" not in triage("letters", "retry", letter).out


def test_a_list_of_letters_that_is_cut_says_how_many_there_are(triage: Run, desk: TwinHouse) -> None:
    """Nobody takes the newest letters for all of them; the limit counts what is asked for."""
    for number in (2, 3):
        content = mail(f"I was charged twice for INV-{number}.", sender=f"c{number}@x.org", message_id=f"<{number}@x>")
        desk.world.mailboxes["support"].put(content, arrived=desk.now())
    desk.settle()
    desk.store.outbox.cancel(1, actor="kim", now=desk.now())
    assert triage("letters", "list", "--limit", "1").out.endswith("\nLetters: 1 of 2.\n")
    assert triage("letters", "list", "--limit", "2").out.endswith("\nLetters: 2.\n")
    assert triage("letters", "list", "--all", "--limit", "2").out.endswith("\nLetters: 2 of 3.\n")
    [line] = triage("letters", "list", "--limit", "1", "--json").out.splitlines()
    assert json.loads(line)["id"] == 3
    assert triage("letters", "list", "--limit", "0").code == 2


@pytest.mark.parametrize("spelling", ["in doubt", "in_doubt"])
def test_a_state_is_asked_for_as_the_list_prints_it(triage: Run, desk: TwinHouse, spelling: str) -> None:
    """And as programs read it; with --all too."""
    doubtful(desk)
    for words in ((), ("--all",)):
        assert "1  in doubt" in triage("letters", "list", *words, "--state", spelling).out
        assert triage("letters", "list", *words, "--state", "sent").out == "Letters: none.\n"


def test_a_state_that_there_is_not_is_refused(triage: Run) -> None:
    """A slip of the hand must not read as "none"."""
    ran = triage("letters", "list", "--state", "bogus")
    assert ran.code == 2
    assert "there is no state bogus; choose from held, due, sending, sent, refused, in doubt, cancelled" in ran.err


def test_a_stop_is_told_in_the_zone_of_the_site_and_to_programs(
    triage: Run, desk: TwinHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wonders why a letter that is due does not go."""
    monkeypatch.setenv("TRIAGE_HOURS__ZONE", "Asia/Tokyo")
    assert json.loads(triage("letters", "list", "--json").out)["stopped"] is None
    desk.store.outbox.stop(stopped=True, actor="kim", now=desk.now())
    assert "All letters are stopped, by kim at 2026-11-16 19:00" in triage("letters", "list").out
    told = json.loads(triage("letters", "list", "--json").out)
    assert told["stopped"] == {"by": "kim", "at": "2026-11-16T10:00:00+00:00"}
