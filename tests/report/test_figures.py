"""What a report says: figures from facts, with plain values."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from triage.report.facts import CaseFact, ClockFact, CreditFact, Happening, LetterFact
from triage.report.report import BY, By, Report, report
from triage.report.span import Span

MADRID = ZoneInfo("Europe/Madrid")
MARCH = Span(first=date(2026, 3, 1), last=date(2026, 3, 31), zone=MADRID)
#: long after everything
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def on(day: int, hour: int = 12, month: int = 3) -> datetime:
    """A moment of March, UTC."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def life(**moments: datetime) -> tuple[Happening, ...]:
    """A history: kind = moment, in order."""
    return tuple(Happening(kind=kind, at=at) for kind, at in moments.items())


def case(number: int = 1, opened: datetime | None = None, **facts: Any) -> CaseFact:
    """A case that the daemon opened by itself on the third of March."""
    return CaseFact(**{"id": number, "opened_at": opened or on(3), "reason": "wrong_amount", "band": "auto"} | facts)


def of(*cases: CaseFact, span: Span = MARCH, by: By = "reason", now: datetime = LATER) -> Report:
    return report(cases, span, by, now=now)


def groups(cases: Sequence[CaseFact], by: By, **rest: Any) -> dict[str, int]:
    """Name of each group → opened."""
    return {group.name: group.figures.opened for group in of(*cases, by=by, **rest).groups}


def test_a_case_counts_on_the_days_of_the_sites_zone() -> None:
    """Half past eleven at night UTC on the last of February is March in Madrid."""
    night = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert of(case(opened=night)).whole.opened == 1
    assert of(case(opened=night - timedelta(hours=1))).whole.opened == 0
    # the clocks have changed meanwhile
    assert of(case(opened=datetime(2026, 3, 31, 21, 59, tzinfo=UTC))).whole.opened == 1
    assert of(case(opened=datetime(2026, 3, 31, 22, 0, tzinfo=UTC))).whole.opened == 0


def test_the_past_is_told_as_it_was() -> None:
    """What was resolved in April was open at the end of March, though it is closed now."""
    told = of(case(life=life(resolved=on(2, month=4), closed=on(9, month=4)), resolution="upheld"))
    assert (told.whole.open, told.whole.resolved) == (1, 0)
    april = Span(first=date(2026, 4, 1), last=date(2026, 4, 30), zone=MADRID)
    after = of(case(life=life(resolved=on(2, month=4), closed=on(9, month=4)), resolution="upheld"), span=april)
    assert (after.whole.open, after.whole.resolved, after.before.open) == (0, 1, 1)


def test_what_is_resolved_twice_counts_once_and_by_its_last_end() -> None:
    """From the opening to the last resolution; taking it up again is counted too."""
    told = of(
        case(
            life=(*life(resolved=on(5)), Happening(kind="customer_wrote", at=on(6)), *life(resolved=on(13))),
            resolution="upheld",
        )
    ).whole
    assert (told.resolved, told.reopened, told.open) == (1, 1, 0)
    assert told.resolved_within is not None
    assert told.resolved_within.median == timedelta(days=10).total_seconds()


def test_a_customer_who_writes_to_an_open_case_reopens_nothing() -> None:
    """Only what was resolved can be taken up again."""
    assert of(case(life=life(customer_wrote=on(4)))).whole.reopened == 0


def test_a_no_that_is_taken_back_goes_to_review_where_nobody_had_said_yes() -> None:
    """And is no reopened case."""
    told = of(case(reviewed=True, band="review", life=life(voided=on(4), reopened=on(5)))).whole
    assert (told.reopened, told.undecided, told.in_review, told.open) == (0, 1, 1, 1)
    told = of(case(life=life(voided=on(4), reopened=on(5)))).whole
    assert (told.in_review, told.open) == (0, 1)


def test_days_to_resolve_are_the_median_and_what_nine_of_ten_did_not_exceed() -> None:
    """Ten cases of one to ten days: 5.5, and 9."""
    whole = of(
        *(case(number, on(1, 6), life=life(resolved=on(1 + number, 6)), resolution="upheld") for number in range(1, 11))
    ).whole
    assert whole.resolved_within is not None
    day = timedelta(days=1).total_seconds()
    assert (whole.resolved_within.median / day, whole.resolved_within.most / day) == (5.5, 9)


def test_sums_are_by_currency_and_without_what_is_no_dispute() -> None:
    """Three currencies, one bare symbol, one without a sum, one voided: nothing is added over currencies."""
    told = of(
        case(1, amount=Decimal("10.10"), currency="EUR"),
        case(2, amount=Decimal("0.20"), currency="EUR"),
        case(3, amount=Decimal(7), currency="GBP"),
        case(4, amount=Decimal(900), currency="JPY"),
        case(5, amount=Decimal(5), currency="$"),
        case(6),
        case(7, amount=Decimal(1000), currency="EUR", life=life(voided=on(4))),
    )
    sums = {"EUR": Decimal("10.30"), "GBP": Decimal(7), "JPY": Decimal(900), "$": Decimal(5)}
    assert told.whole.disputed == sums == told.whole.open_sums
    assert (told.whole.without_sum, told.whole.retracted) == (1, 1)
    assert {
        group.name: group.figures.opened for group in of(case(6), case(7, amount=Decimal(1)), by="currency").groups
    } == {
        "no sum stated": 1,
        "no currency": 1,
    }


def test_open_cases_stand_in_buckets_by_whole_days() -> None:
    """Every bucket is told, the empty ones too, each with its sums."""
    now = on(31)
    ages = [0, 7, 8, 90, 91, 400]
    told = of(
        *(case(age, now - timedelta(days=age, hours=1), amount=Decimal(1), currency="EUR") for age in ages),
        case(1, on(30), life=life(resolved=on(30, 13)), resolution="upheld"),
        now=now,
    )
    assert {part.name: part.cases for part in told.ages} == {
        "0–7 days": 2,
        "8–14 days": 1,
        "15–30 days": 0,
        "31–60 days": 0,
        "61–90 days": 1,
        "over 90 days": 2,
    }
    assert told.ages[-1].sums == {"EUR": Decimal(2)}


def test_who_opened_a_case_and_what_people_said_of_the_unsure_ones() -> None:
    """Sure, unsure and missed; yes, no and not yet; and a no to what the daemon was sure of."""
    unsure = {"reviewed": True, "band": "review"}
    told = of(
        case(1),
        case(2, life=life(voided=on(4))),
        case(3, **unsure, life=life(confirmed=on(4))),
        case(4, **unsure, life=life(voided=on(4))),
        case(5, **unsure),
        case(6, band="none"),
    ).whole
    assert (told.by_itself, told.reviewed, told.by_person) == (2, 3, 1)
    assert (told.confirmed, told.rejected, told.undecided, told.retracted) == (1, 1, 1, 1)
    assert told.share_reviewed == 0.5


def test_an_acknowledgement_counts_as_made_when_it_went_out_and_did_not_come_back() -> None:
    """By itself only where no person had a hand in it: neither a yes, nor a release."""

    def letter(state: str = "sent", seconds: int = 10, **facts: bool) -> LetterFact:
        return LetterFact(state=state, sent_at=on(3) + timedelta(seconds=seconds) if state == "sent" else None, **facts)

    told = of(
        case(1, letter=letter(seconds=4)),
        case(2, letter=letter(seconds=6)),
        case(3, letter=letter(seconds=50, touched=True)),
        case(4, letter=letter(seconds=100), reviewed=True, band="review", life=life(confirmed=on(4))),
        case(5, letter=letter(bounced=True)),
        case(6, letter=letter("refused")),
        case(7, letter=letter("in_doubt")),
        case(8, letter=letter("held")),
        case(9, letter=letter("cancelled")),
        case(10),
    ).whole
    assert (told.acknowledged_by_itself, told.acknowledged_by_person) == (2, 2)
    assert (told.acknowledgement_waits, told.acknowledgement_failed, told.not_acknowledged) == (2, 2, 2)
    assert told.share_by_itself == 0.2
    assert told.acknowledged_within is not None
    assert (told.acknowledged_within.count, told.acknowledged_within.median, told.acknowledged_within.most) == (
        4,
        28,
        100,
    )


def test_a_promise_that_was_kept_late_was_missed() -> None:
    """One that is not due is neither; one that the rules took out is not told, nor one of February."""

    def clock(**facts: Any) -> ClockFact:
        return ClockFact(**{"kind": "look", "start": on(3), "due": on(4)} | facts)

    told = of(
        case(
            clocks=(
                clock(state="cancelled", done_at=on(3, 14)),
                clock(state="cancelled", done_at=on(5)),
                clock(state="cancelled", done_at=on(4, 11), step=1),
                clock(state="done", done_at=on(5)),
                clock(),
                clock(due=on(28, month=6)),
                clock(counts=False, state="cancelled", done_at=on(9)),
                clock(start=on(3, month=2)),
            )
        )
    )
    (look,) = told.promises
    assert (look.kept, look.missed, look.running) == (1, 4, 1)
    assert (told.whole.kept, told.whole.missed, told.whole.running) == (1, 4, 1)


def test_a_credit_counts_once_and_only_since_the_case_was_opened() -> None:
    """Two resolved cases on one invoice; an older credit, one of April and one of an open case say nothing of it."""

    def credit(number: str, day: date, kind: str = "credit") -> CreditFact:
        return CreditFact(id=number, kind=kind, amount=Decimal(40), currency="EUR", issued=day)  # type: ignore[arg-type]

    shared = (
        credit("C1", date(2026, 3, 9)),
        credit("C1", date(2026, 3, 10), "refund"),
        credit("C0", date(2026, 3, 2)),
        credit("C2", date(2026, 4, 1)),
    )
    ended: dict[str, Any] = {"life": life(resolved=on(8)), "resolution": "upheld", "credits": shared}
    told = of(case(1, **ended), case(2, **ended), case(3, credits=(credit("C3", date(2026, 3, 9)),))).whole
    assert told.credited == {"EUR": Decimal(40)}
    assert told.refunded == {"EUR": Decimal(40)}


def test_outcomes_and_causes_with_their_sums_the_most_frequent_first() -> None:
    """Spellings of a cause fall together, an address in it is masked; what was reopened since has no outcome."""
    ended: dict[str, Any] = {"life": life(resolved=on(8)), "amount": Decimal(5), "currency": "EUR"}
    told = of(
        case(1, **ended, resolution="upheld", root_cause="double  run"),
        case(2, **ended, resolution="upheld", root_cause="Double run "),
        case(3, **ended, resolution="not_upheld", root_cause="ask anna.meyer@example.com"),
        case(4, life=life(resolved=on(8), reopened=on(2, month=4))),
    )
    assert [(part.name, part.cases) for part in told.resolutions if part.cases] == [
        ("upheld", 2),
        ("not_upheld", 1),
        ("reopened since", 1),
    ]
    assert told.resolutions[0].sums == {"EUR": Decimal(10)}
    assert (told.causes[0].name, told.causes[0].cases) == ("Double run", 2)
    assert not [part for part in told.causes if "anna.meyer" in part.name]
    assert told.whole.resolutions["upheld"] == 2


@pytest.mark.parametrize("by", BY)
def test_every_grouping_has_every_case(by: By) -> None:
    """Nothing falls out, whatever the books leave empty."""
    cases = [case(1), case(2, mailbox="support", tags=("pro",), priority="high", language="es")]
    assert sum(groups(cases, by).values()) == 2


def test_a_case_with_two_tags_stands_under_both() -> None:
    """And once in the whole."""
    cases = [case(1, tags=("pro", "card")), case(2)]
    assert groups(cases, "tag") == {"card": 1, "pro": 1, "no tag": 1}
    assert of(*cases, by="tag").whole.opened == 2


def test_the_course_is_cut_to_fit_its_length() -> None:
    """A month by days, half a year by weeks from Monday on, more by months; what was open stands at each end."""
    cases = [case(1, on(3), life=life(resolved=on(5)), resolution="upheld"), case(2, on(4))]
    days = of(*cases).course
    # nothing is told of days before the first case, and none of days to come
    assert [(part.first.day, part.opened, part.resolved, part.open) for part in days[:3]] == [
        (3, 1, 0, 1),
        (4, 1, 0, 2),
        (5, 0, 1, 1),
    ]
    assert days[-1].first == date(2026, 3, 31)
    quarter = Span(first=date(2026, 3, 1), last=date(2026, 5, 31), zone=MADRID)
    assert [part.first for part in of(*cases, span=quarter).course][:2] == [date(2026, 3, 2), date(2026, 3, 9)]
    year = Span(first=date(2026, 1, 1), last=date(2026, 12, 31), zone=MADRID)
    assert [part.first.month for part in of(*cases, span=year).course] == [3, 4, 5, 6]
    assert groups(cases, "month", span=year) == {"2026-03": 2, "2026-04": 0, "2026-05": 0, "2026-06": 0}


def test_days_that_have_not_come_say_how_things_stand_now() -> None:
    """A whole month asked for in its middle, and one that has not begun."""
    told = of(case(1), now=on(10))
    assert (told.whole.open, told.course[-1].first) == (1, date(2026, 3, 10))
    future = Span(first=date(2026, 12, 1), last=date(2026, 12, 31), zone=MADRID)
    told = of(case(1), span=future)
    assert (told.whole.opened, told.whole.open, told.course) == (0, 1, ())


def test_nothing_is_a_report_too() -> None:
    """No case at all: noughts, and nothing that divides by them."""
    told = of()
    assert told.whole.is_empty
    assert told.groups == told.course == told.promises == ()
    assert (told.whole.share_by_itself, told.whole.resolved_within) == (None, None)
