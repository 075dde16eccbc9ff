"""Figures in words: how the terminal and the page print sums, shares, lengths of time and changes."""

from decimal import Decimal

from triage.report.figures import Duration, Sums
from triage.report.report import Report
from triage.understanding.currencies import decimals

NONE = "–"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def plain(amount: Decimal, currency: str) -> str:
    """An amount for other programs: a point, no thousands, at least the currency's decimals.

    >>> plain(Decimal("1234.5"), "EUR"), plain(Decimal("900"), "JPY")
    ('1234.50', '900')
    """
    return f"{amount:.{_places(amount, currency)}f}"


def money(amount: Decimal, currency: str) -> str:
    """An amount for people, with its currency where the mail named one.

    >>> money(Decimal("1234.5"), "EUR"), money(Decimal("12"), "")
    ('1,234.50 EUR', '12.00 of no named currency')
    """
    return f"{amount:,.{_places(amount, currency)}f} {currency or 'of no named currency'}"


def _places(amount: Decimal, currency: str) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(decimals(currency), -exponent if isinstance(exponent, int) else 0)


def sums(amounts: Sums) -> str:
    """Sums in several currencies, one below the other and not added."""
    return "\n".join(money(amount, currency) for currency, amount in amounts.items()) or NONE


def share(part: float | None) -> str:
    """A share in whole percent; one that is not quite all or nothing does not say so.

    >>> share(0.999), share(1.0), share(0.001), share(None)
    ('99 %', '100 %', '1 %', '–')
    """
    if part is None:
        return NONE
    percent = round(part * 100)
    return f"{min(max(percent, 1), 99) if 0 < part < 1 else percent} %"


def length(seconds: float | None) -> str:
    """A length of time with the unit that fits.

    >>> length(4), length(150), length(9000), length(200000)
    ('4 s', '2.5 min', '2.5 h', '2.3 days')
    """
    if seconds is None:
        return NONE
    for unit, size in (("days", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def middle(duration: Duration | None) -> str:
    """The median of a duration."""
    return length(duration.median if duration else None)


def most(duration: Duration | None) -> str:
    """What nearly all did not exceed."""
    return length(duration.most if duration else None)


def words(name: str) -> str:
    """A stable id as words."""
    return name.replace("_", " ")


def headline(report: Report) -> list[tuple[str, str, str]]:
    """The figures above all others: what, how much, and how much in the span before."""
    now, before = report.whole, report.before
    return [
        ("Opened", str(now.opened), str(before.opened)),
        ("Resolved", str(now.resolved), str(before.resolved)),
        ("Open at the end", str(now.open), str(before.open)),
        ("Disputed", sums(now.disputed), sums(before.disputed)),
        ("Median time to resolve", middle(now.resolved_within), middle(before.resolved_within)),
        ("Acknowledged by itself", share(now.share_by_itself), share(before.share_by_itself)),
        ("Judged by a person", share(now.share_reviewed), share(before.share_reviewed)),
        ("Promises missed", str(now.missed), str(before.missed)),
    ]


def details(report: Report) -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything else about the whole, by heading: what, and how much."""
    now = report.whole
    return [
        (
            "Cases",
            [
                ("opened", str(now.opened)),
                ("of these by itself", str(now.by_itself)),
                ("of these sent to review", str(now.reviewed)),
                ("of these by a person", str(now.by_person)),
                ("resolved", str(now.resolved)),
                ("reopened", str(now.reopened)),
                ("open at the end", str(now.open)),
                ("of these in review", str(now.in_review)),
            ],
        ),
        (
            "Money",
            [
                ("disputed in what was opened", sums(now.disputed)),
                ("opened without a sum", str(now.without_sum)),
                ("disputed in what is open", sums(now.open_sums)),
                ("disputed in what was resolved", sums(now.resolved_sums)),
                ("credit notes on its invoices", sums(now.credited)),
                ("refunds on its invoices", sums(now.refunded)),
            ],
        ),
        (
            "Time to resolve",
            [("median", middle(now.resolved_within)), ("nine of ten within", most(now.resolved_within))],
        ),
        (
            "Acknowledgements",
            [
                ("by itself", f"{now.acknowledged_by_itself} ({share(now.share_by_itself)})"),
                ("by a person's hand", str(now.acknowledged_by_person)),
                ("waiting", str(now.acknowledgement_waits)),
                ("refused or come back", str(now.acknowledgement_failed)),
                ("none", str(now.not_acknowledged)),
                ("median time", middle(now.acknowledged_within)),
                ("95 of 100 within", most(now.acknowledged_within)),
            ],
        ),
        (
            "Review",
            [
                ("went to a person", f"{now.reviewed} ({share(now.share_reviewed)})"),
                ("confirmed", str(now.confirmed)),
                ("no dispute", str(now.rejected)),
                ("not decided yet", str(now.undecided)),
                ("opened by itself, and no dispute", str(now.retracted)),
            ],
        ),
    ]
