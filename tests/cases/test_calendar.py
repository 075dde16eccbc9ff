"""Business time: properties of the sums, clock changes, holidays, and the explanation."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.calendar import Calendar, business_calendar
from triage.errors import RulesError

MADRID = business_calendar("Europe/Madrid", country="ES", subdivision="MD")
CALENDARS = [
    MADRID,
    business_calendar("America/Sao_Paulo", country="BR", hours=[(time(8), time(12)), (time(13), time(17, 30))]),
    business_calendar("Australia/Lord_Howe", weekdays=["sun", "tue", "sat"], hours=[(time(1), time(3))]),
    business_calendar("America/New_York", hours=[(time(0), time(0))], weekdays=["mon", "tue", "sat", "sun"]),
    business_calendar("UTC", hours=[(time(0), time(0))], weekdays=["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
]
instants = st.integers(0, 2 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
minutes = st.integers(1, 3000).map(lambda count: timedelta(minutes=count))


def madrid(*when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo("Europe/Madrid"))  # type: ignore[arg-type]


@given(calendar=st.sampled_from(CALENDARS), start=instants, length=minutes)
def test_the_time_between_start_and_due_is_what_was_added(
    calendar: Calendar, start: datetime, length: timedelta
) -> None:
    """Adding and measuring are one another's inverse, over nights, weekends, holidays and clock changes."""
    due = calendar.add_hours(start, length).due
    assert due > start
    assert calendar.hours_between(start, due) == length


@given(calendar=st.sampled_from(CALENDARS), start=instants, one=minutes, two=minutes)
def test_adding_in_two_steps_is_adding_at_once(
    calendar: Calendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    """A due time does not depend on how often it was looked at."""
    assert calendar.add_hours(calendar.add_hours(start, one).due, two).due == calendar.add_hours(start, one + two).due


@given(
    calendar=st.sampled_from(CALENDARS), starts=st.tuples(instants, instants), length=minutes, days=st.integers(0, 30)
)
def test_whoever_comes_later_is_due_no_earlier(
    calendar: Calendar, starts: tuple[datetime, datetime], length: timedelta, days: int
) -> None:
    """Order of arrival is order of due times."""
    early, late = sorted(starts)
    assert calendar.add_hours(early, length).due <= calendar.add_hours(late, length).due
    assert calendar.add_days(early, days).due <= calendar.add_days(late, days).due


@given(calendar=st.sampled_from(CALENDARS), start=instants, length=minutes, days=st.integers(0, 30))
def test_due_times_fall_into_business_hours_and_sums_add_up(
    calendar: Calendar, start: datetime, length: timedelta, days: int
) -> None:
    """Nothing falls due at midnight or on a holiday, and the steps are the sum."""
    hours, whole = calendar.add_hours(start, length), calendar.add_days(start, days)
    assert sum((step.counted for step in hours.steps), timedelta()) == length
    assert sum(bool(step.counted) for step in whole.steps) == max(days, 1)
    for due in (hours.due, whole.due):
        shortly_before = due - timedelta(seconds=1)
        assert calendar.hours_between(shortly_before, due) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (madrid(2026, 11, 23, 10, 0), 4, madrid(2026, 11, 23, 14, 0)),
        (madrid(2026, 11, 23, 16, 0), 4, madrid(2026, 11, 24, 12, 0)),
        (madrid(2026, 11, 21, 3, 0), 1, madrid(2026, 11, 23, 10, 0)),
        (madrid(2026, 11, 23, 9, 0), 8, madrid(2026, 11, 23, 17, 0)),
        (madrid(2026, 12, 24, 16, 0), 2, madrid(2026, 12, 28, 10, 0)),
    ],
)
def test_hours_skip_nights_weekends_and_holidays(start: datetime, hours: int, due: datetime) -> None:
    """The everyday cases, one line each."""
    assert MADRID.add_hours(start, timedelta(hours=hours)).due == due


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (madrid(2026, 11, 23, 10, 0), 1, madrid(2026, 11, 24, 17, 0)),
        (madrid(2026, 11, 23, 23, 0), 1, madrid(2026, 11, 24, 17, 0)),
        (madrid(2026, 11, 21, 10, 0), 1, madrid(2026, 11, 23, 17, 0)),
        (madrid(2026, 11, 23, 10, 0), 0, madrid(2026, 11, 23, 17, 0)),
        (madrid(2026, 11, 23, 18, 0), 0, madrid(2026, 11, 24, 17, 0)),
        (madrid(2026, 12, 23, 10, 0), 2, madrid(2026, 12, 28, 17, 0)),
    ],
)
def test_days_are_counted_from_the_day_after(start: datetime, days: int, due: datetime) -> None:
    """The day of arrival does not count; the last day ends at closing time."""
    assert MADRID.add_days(start, days).due == due


@pytest.mark.parametrize(
    ("start", "due"),
    [
        # 2026-03-29: the hour from 2 to 3 does not exist; 2026-10-25: it comes twice
        (madrid(2026, 3, 29, 0, 30), madrid(2026, 3, 29, 4, 30)),
        (madrid(2026, 10, 25, 0, 30), madrid(2026, 10, 25, 2, 30).replace(fold=1)),
    ],
)
def test_hours_are_real_hours_when_the_clocks_change(start: datetime, due: datetime) -> None:
    """Three hours of waiting are three hours, whatever the clock on the wall did."""
    calendar = business_calendar("Europe/Madrid", hours=[(time(0), time(0))], weekdays=["sun"])
    assert calendar.add_hours(start, timedelta(hours=3)).due.astimezone(UTC) == due.astimezone(UTC)


def test_measuring_crosses_a_change_of_clocks_within_one_zone() -> None:
    """Both ends in the same zone: Python alone would subtract the clocks on the wall."""
    calendar = business_calendar("Europe/Madrid", hours=[(time(0), time(0))], weekdays=["sun"])
    assert calendar.hours_between(madrid(2026, 3, 29, 0, 30), madrid(2026, 3, 29, 4, 30)) == timedelta(hours=3)


def test_the_sum_can_be_read() -> None:
    """An agent sees why the date is what it is."""
    assert MADRID.add_hours(madrid(2026, 12, 24, 16, 0), timedelta(hours=2)).explain().splitlines() == [
        "Thu 2026-12-24: 1:00 h counted",
        "Fri 2026-12-25: Christmas Day",
        "Sat 2026-12-26: not a working day",
        "Sun 2026-12-27: not a working day",
        "Mon 2026-12-28: 1:00 h counted",
        "due Mon 2026-12-28 10:00 CET",
    ]


def test_a_site_can_close_on_days_of_its_own() -> None:
    """Beside the public holidays, with a reason."""
    calendar = business_calendar("UTC", closed={date(2026, 11, 24): "stocktaking"})
    total = calendar.add_days(datetime(2026, 11, 23, 10, tzinfo=UTC), 1)
    assert total.due == datetime(2026, 11, 25, 17, tzinfo=UTC)
    assert "stocktaking" in total.explain()


@pytest.mark.parametrize(
    ("zone", "changes", "problem"),
    [
        ("Mars/Olympus", {}, "unknown time zone"),
        ("../etc/passwd", {}, "unknown time zone"),
        ("UTC", {"country": "XX"}, "no holidays are known for XX"),
        ("UTC", {"country": "ES", "subdivision": "QQ"}, "no holidays are known for ES QQ"),
        ("UTC", {"weekdays": ["mun"]}, "unknown weekdays: mun"),
        ("UTC", {"weekdays": []}, "needs business hours"),
        ("UTC", {"hours": []}, "needs business hours"),
        ("UTC", {"hours": [(time(17), time(9))]}, "begin before they end"),
        ("UTC", {"hours": [(time(9), time(13)), (time(12), time(17))]}, "not overlap"),
    ],
)
def test_mistakes_of_the_admin_are_named(zone: str, changes: dict[str, object], problem: str) -> None:
    """A calendar that cannot be is refused at the start."""
    with pytest.raises(RulesError, match=problem):
        business_calendar(zone, **changes)  # type: ignore[arg-type]


def test_a_site_that_never_opens_is_refused_in_bounded_time() -> None:
    """Closed for years by mistake: an error, not a search without end."""
    always = {date(2026, 1, 1) + timedelta(days=n): "closed" for n in range(1000)}
    with pytest.raises(RulesError, match="no business hours"):
        business_calendar("UTC", closed=always).add_days(datetime(2026, 1, 2, tzinfo=UTC), 1)


def test_an_instant_without_a_zone_is_refused() -> None:
    """Time always carries its zone."""
    with pytest.raises(ValueError, match="zone"):
        MADRID.add_hours(datetime(2026, 1, 1), timedelta(hours=1))  # noqa: DTZ001  # that is the point
