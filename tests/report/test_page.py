"""The page: what its charts show of a report."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from triage.report.facts import CaseFact
from triage.report.page import MOST_BARS, as_page
from triage.report.report import By, report
from triage.report.span import Span

APRIL = Span(first=date(2026, 4, 1), last=date(2026, 4, 30), zone=ZoneInfo("UTC"))
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def page(cases: list[CaseFact], by: By = "reason") -> str:
    return as_page(report(cases, APRIL, by, now=datetime(2026, 5, 1, tzinfo=UTC)))


def charts(text: str) -> dict[str, str]:
    """Title of each chart → what it says of itself."""
    found = re.findall(r"<svg[^>]*><title>(.*?)</title>\s*<desc>(.*?)</desc>", text.replace(">\n<", "><"))
    return dict(found)


def case(number: int, **facts: object) -> CaseFact:
    """A case of the day of its number."""
    opened = NOON + timedelta(days=number - 1)
    return CaseFact(**{"id": number, "opened_at": opened, "reason": "wrong_amount", "band": "auto"} | facts)  # type: ignore[arg-type]


def test_each_currency_has_a_chart_of_its_own() -> None:
    """Bars of two currencies on one scale would compare what cannot be compared."""
    drawn = charts(
        page(
            [
                case(1, amount=Decimal("10.50"), currency="EUR"),
                case(2, amount=Decimal(9000), currency="JPY"),
                case(3, amount=Decimal(4), currency=None),
            ]
        )
    )
    assert drawn["Disputed, EUR, by reason"] == "wrong amount: 10.50 EUR"
    assert drawn["Disputed, JPY, by reason"] == "wrong amount: 9,000 JPY"
    assert drawn["Disputed, no named currency, by reason"] == "wrong amount: 4.00 of no named currency"


def test_a_chart_that_is_full_shows_the_latest_days_and_says_so() -> None:
    """The table beside it has them all."""
    text = page([case(number, amount=Decimal(number), currency="EUR") for number in range(1, 31)], by="day")
    assert f"The charts show {MOST_BARS} of 30" in text
    days = [f"2026-04-{number:02d}" for number in range(19, 31)]
    drawn = charts(text)
    assert re.findall(r"[\d-]{10}", drawn["Opened by day"]) == days
    assert re.findall(r"[\d-]{10}", drawn["Disputed, EUR, by day"]) == days
    assert '<th scope="row">2026-04-01</th>' in text


def test_what_people_typed_is_text_in_charts_too() -> None:
    """A tag, a cause, a mailbox."""
    text = page([case(1, mailbox="<script>x</script>")], by="mailbox")
    assert "<script" not in text
    assert "&lt;script&gt;x&lt;/script&gt;: 1" in charts(text)["Opened by mailbox"]


def test_no_case_is_a_page_without_charts() -> None:
    """It says so."""
    assert charts(page([])) == {}
    assert "No case was opened" in page([])
