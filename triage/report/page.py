"""The report as one page: everything in it, nothing to load, for a telephone, a screen and paper."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from triage.report import charts, words
from triage.report.charts import Bar
from triage.report.report import Part, Report
from triage.report.span import SLICINGS

_Row = TypeVar("_Row")

#: bars that a chart shows at most; the table beside it shows all
MOST_BARS = 12


def as_page(report: Report) -> str:
    """The whole page, HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        report=report,
        words=words,
        charts=charts,
        most_bars=MOST_BARS,
        flow=charts.flow(f"Opened and resolved by {report.slicing}", report.course),
        stock=charts.stock(f"Open at the end of each {report.slicing}", report.course),
        groups=_group_bars(report),
        disputed=_disputed_charts(report),
        ages=charts.bars("Open cases by age", [_bar(part) for part in report.ages]),
        causes=charts.bars("Root causes", [_bar(part) for part in report.causes[:MOST_BARS]]),
        resolutions=charts.bars("Resolutions", [_bar(part) for part in report.resolutions]),
    )


def _bar(part: Part) -> Bar:
    return Bar(name=words.words(part.name), value=part.cases, told=str(part.cases))


def _group_bars(report: Report) -> Markup:
    rows = [
        Bar(name=words.words(group.name), value=group.figures.opened, told=str(group.figures.opened))
        for group in _shown(report.groups, report)
    ]
    return charts.bars(f"Opened by {words.words(report.by)}", rows)


def _disputed_charts(report: Report) -> Sequence[tuple[str, Markup]]:
    """One chart a currency, with its name: two on one scale would compare what cannot be compared."""
    drawn = []
    for currency in report.whole.disputed:
        found = [(group.name, group.figures.disputed.get(currency)) for group in report.groups]
        sums = [(name, amount) for name, amount in found if amount is not None]
        if report.by not in SLICINGS:
            sums.sort(key=lambda each: -each[1])
        rows = [
            Bar(name=words.words(name), value=float(amount), told=words.money(amount, currency))
            for name, amount in _shown(sums, report)
        ]
        name = f"Disputed, {currency or 'no named currency'}"
        drawn.append((name, charts.bars(f"{name}, by {words.words(report.by)}", rows)))
    return drawn


def _shown(rows: Sequence[_Row], report: Report) -> Sequence[_Row]:
    """As many as a chart takes: the greatest, or the latest."""
    return rows[-MOST_BARS:] if report.by in SLICINGS else rows[:MOST_BARS]
