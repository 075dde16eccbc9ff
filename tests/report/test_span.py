"""Which days a report is about."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from triage.errors import OperatorError
from triage.report.span import Span, read_span

AUCKLAND = ZoneInfo("Pacific/Auckland")
#: the eighteenth in Auckland
NOW = datetime(2026, 3, 17, 20, 0, tzinfo=UTC)


def read(first: str = "", last: str = "", month: str = "", zone: ZoneInfo = AUCKLAND) -> tuple[str, str]:
    span = read_span(first, last, month, zone=zone, now=NOW)
    return span.first.isoformat(), span.last.isoformat()


def test_without_a_word_the_last_thirty_days_with_today() -> None:
    """Today as the site's zone has it."""
    assert read() == ("2026-02-17", "2026-03-18")
    assert read(zone=ZoneInfo("UTC")) == ("2026-02-16", "2026-03-17")


def test_a_span_is_what_was_asked_for_its_last_day_included() -> None:
    """One end is enough; a beginning to come is a span of that day."""
    assert read("2026-03-01", "2026-03-01") == ("2026-03-01", "2026-03-01")
    assert read("2026-03-01") == ("2026-03-01", "2026-03-18")
    assert read("", "2026-01-30") == ("2026-01-01", "2026-01-30")
    assert read("2027-01-01") == ("2027-01-01", "2027-01-01")
    assert read(month="2024-02") == ("2024-02-01", "2024-02-29")


def test_a_span_begins_and_ends_at_midnight_of_the_site() -> None:
    """Also on a day that has 23 hours."""
    day = Span(first=date(2026, 3, 29), last=date(2026, 3, 29), zone=ZoneInfo("Europe/Madrid"))
    assert (day.end - day.start).total_seconds() == 23 * 3600


def test_a_span_is_compared_with_the_one_before_it() -> None:
    """A month with a month, whatever their lengths; else as many days."""
    month = read_span("", "", "2026-03", zone=AUCKLAND, now=NOW)
    assert str(month.before) == "2026-02-01 to 2026-02-28"
    week = read_span("2026-03-09", "2026-03-15", "", zone=AUCKLAND, now=NOW)
    assert str(week.before) == "2026-03-02 to 2026-03-08"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"first": "2026-03-02", "last": "2026-03-01"}, "later than"),
        ({"first": "March"}, "--from: 'March' is no day"),
        ({"last": "2026-02-30"}, "--until: '2026-02-30' is no day"),
        ({"first": "20260301"}, "is no day"),
        ({"month": "2026-13"}, "is no month"),
        ({"month": "2026-3"}, "is no month"),
        ({"month": "0001-01"}, "is no month"),
        ({"month": "2026-03", "first": "2026-03-02"}, "span of its own"),
        ({"first": "0001-01-01"}, "no calendar"),
        ({"last": "9999-12-31"}, "no calendar"),
    ],
)
def test_what_is_no_span_is_told_in_one_line(words: dict[str, str], said: str) -> None:
    """With what to write instead."""
    with pytest.raises(OperatorError, match=said):
        read(**words)
