"""The report for other programs: one object, or one flat table with a line a group.

Numbers have a point and no thousands; sums are text in JSON, so that no reader makes floats of them.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from triage.cases.lifecycle import RESOLUTIONS
from triage.report.figures import Duration, Figures, Sums
from triage.report.report import Part, Report
from triage.report.words import plain

#: a cell that begins with one of these is a formula to a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: figure → heading of its columns, one a currency
_SUMS = {
    "disputed": "disputed",
    "open_sums": "open",
    "resolved_sums": "resolved",
    "credited": "credited",
    "refunded": "refunded",
}


def as_object(report: Report) -> dict[str, Any]:
    """Everything, as JSON values."""
    return {
        "from": report.span.first.isoformat(),
        "until": report.span.last.isoformat(),
        "zone": report.span.zone.key,
        "at": report.at.isoformat(),
        "all": _object(report.whole),
        "before": {
            "from": report.span.before.first.isoformat(),
            "until": report.span.before.last.isoformat(),
            **_object(report.before),
        },
        "by": report.by,
        "groups": [{"group": group.name, **_object(group.figures)} for group in report.groups],
        "ageing": _parts(report.ages),
        "resolutions": _parts(report.resolutions),
        "root_causes": _parts(report.causes),
        "promises": [vars(promise) for promise in report.promises],
        "course": [{**vars(part), "first": part.first.isoformat()} for part in report.course],
    }


def _parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"name": part.name, "cases": part.cases, "disputed": _plain(part.sums)} for part in parts]


def _object(figures: Figures) -> dict[str, Any]:
    return {
        **_counts(figures),
        "resolutions": {name or "reopened_since": count for name, count in figures.resolutions.items()},
        "sums": {heading: _plain(getattr(figures, name)) for name, heading in _SUMS.items()},
    }


def _plain(sums: Sums) -> dict[str, str]:
    return {currency: plain(amount, currency) for currency, amount in sums.items()}


def _counts(figures: Figures) -> dict[str, Any]:
    return {
        "opened": figures.opened,
        "opened_by_itself": figures.by_itself,
        "sent_to_review": figures.reviewed,
        "opened_by_a_person": figures.by_person,
        "review_confirmed": figures.confirmed,
        "review_rejected": figures.rejected,
        "review_undecided": figures.undecided,
        "by_itself_and_no_dispute": figures.retracted,
        "without_sum": figures.without_sum,
        "acknowledged_by_itself": figures.acknowledged_by_itself,
        "acknowledged_by_a_person": figures.acknowledged_by_person,
        "acknowledgement_waits": figures.acknowledgement_waits,
        "acknowledgement_failed": figures.acknowledgement_failed,
        "not_acknowledged": figures.not_acknowledged,
        "seconds_to_acknowledge_median": _rounded(figures.acknowledged_within, "median"),
        "seconds_to_acknowledge_95": _rounded(figures.acknowledged_within, "most"),
        "resolved": figures.resolved,
        "days_to_resolve_median": _rounded(figures.resolved_within, "median", unit=86400, places=2),
        "days_to_resolve_90": _rounded(figures.resolved_within, "most", unit=86400, places=2),
        "reopened": figures.reopened,
        "open": figures.open,
        "in_review": figures.in_review,
        "promises_kept": figures.kept,
        "promises_missed": figures.missed,
        "promises_running": figures.running,
    }


def _rounded(duration: Duration | None, name: str, *, unit: int = 1, places: int = 1) -> float | None:
    return None if duration is None else round(getattr(duration, name) / unit, places)


def as_csv(report: Report) -> str:
    """A line a group, and at last one for all, whose `by` is "all": groups of tags do not add up to it.

    A sum has a column for each currency; "none" is for sums without one. RFC 4180, but for the ends of lines.
    """
    currencies = {
        name: sorted({currency for figures in _everything(report) for currency in getattr(figures, name)})
        for name in _SUMS
    }
    written = io.StringIO()
    lines = [_line(report.by, group.name, group.figures, currencies) for group in report.groups]
    lines.append(_line("all", "", report.whole, currencies))
    writer = csv.DictWriter(written, lines[-1], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue()


def _everything(report: Report) -> list[Figures]:
    return [report.whole, *(group.figures for group in report.groups)]


def _line(by: str, name: str, figures: Figures, currencies: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        "by": by,
        "group": _harmless(name),
        **_counts(figures),
        **{f"resolved_{each}": figures.resolutions.get(each, 0) for each in RESOLUTIONS},
        **{
            f"{heading}_{currency or 'none'}": plain(amount, currency) if amount is not None else ""
            for figure, heading in _SUMS.items()
            for currency in currencies[figure]
            for amount in [getattr(figures, figure).get(currency)]
        },
    }


def _harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
