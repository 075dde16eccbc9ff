"""What becomes of a letter, answer by answer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.letters.outbox import (
    BACKOFF,
    GIVE_UP_AFTER,
    Answer,
    Lost,
    Refused,
    Sent,
    TryLater,
    after_answer,
    is_abandoned,
    settle,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "state", "alarm"),
    [
        (Sent(response="250 OK"), "sent", False),
        (Sent(response="250 OK", copy_refused="550 full"), "sent", True),
        (TryLater(why="451 greylisted", code=451), "due", False),
        (Refused(why="550 no such user", code=550), "refused", True),
        (Lost(why="connection reset"), "in_doubt", False),
    ],
)
def test_each_answer_has_its_state(answer: Answer, state: str, alarm: bool) -> None:
    """4xx waits, 5xx calls a person, silence after DATA is doubt."""
    after = after_answer(answer, tries=1, first_try=NOW, now=NOW)
    assert (after.state, after.alarm) == (state, alarm)


def test_waits_grow_and_are_the_same_each_time() -> None:
    """A schedule that can be read in the table, without chance in it."""
    dues = [after_answer(TryLater(why="later"), tries=tries, first_try=NOW, now=NOW).due for tries in range(1, 10)]
    assert dues == [NOW + BACKOFF[min(tries, len(BACKOFF)) - 1] for tries in range(1, 10)]


def test_letter_is_given_up_after_two_days_and_a_person_is_told() -> None:
    """Following the schedule to its end leads to a person, not to silence."""
    now, tries = NOW, 0
    while True:
        tries += 1
        after = after_answer(TryLater(why="later"), tries=tries, first_try=NOW, now=now)
        if after.due is None:
            break
        now = after.due
    assert after.state == "refused"
    assert after.alarm
    assert GIVE_UP_AFTER - BACKOFF[-1] <= now - NOW <= GIVE_UP_AFTER
    assert tries < 30


def test_a_sender_counts_as_dead_only_after_twice_its_timeout() -> None:
    """A letter that is being sent right now must not be judged."""
    timeout = timedelta(seconds=30)
    assert not is_abandoned(NOW, NOW + timedelta(seconds=60), timeout=timeout)
    assert is_abandoned(NOW, NOW + timedelta(seconds=61), timeout=timeout)


@pytest.mark.parametrize(
    ("copy", "hours", "policy", "state", "alarm"),
    [
        (True, 1, "hold", "sent", False),
        (True, 100, "resend", "sent", False),
        (False, 1, "hold", "in_doubt", False),
        (False, 1, "resend", "in_doubt", False),
        (False, 24, "hold", "in_doubt", True),
        (False, 24, "resend", "due", False),
    ],
)
def test_doubt_is_settled_by_the_copy_then_by_policy(
    copy: bool, hours: int, policy: str, state: str, alarm: bool
) -> None:
    """Evidence first; after the site's patience a person, or the same letter again where the site has chosen so."""
    after = settle(
        copy_found=copy,
        doubt_since=NOW - timedelta(hours=hours),
        now=NOW,
        policy=policy,  # type: ignore[arg-type]
        patience=timedelta(hours=24),
    )
    assert (after.state, after.alarm) == (state, alarm)


@given(st.lists(st.sampled_from([TryLater(why="x"), Refused(why="x"), Lost(why="x"), Sent()]), max_size=40))
def test_only_a_letter_that_was_not_taken_is_tried_again_by_itself(answers: list[Answer]) -> None:
    """After Sent or Lost no schedule ever leads back to the relay."""
    state, now, handed_over = "due", NOW, 0
    for tries, answer in enumerate(answers, start=1):
        if state != "due":
            break
        handed_over += isinstance(answer, Sent | Lost)
        after = after_answer(answer, tries=tries, first_try=NOW, now=now)
        state, now = after.state, after.due or now
    assert handed_over <= 1
