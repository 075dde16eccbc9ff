"""`triage report`: what became of disputes over a span of days."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from triage.cli.common import JsonOption, app, house_of, out, print_json, print_plain
from triage.errors import OperatorError
from triage.report import words
from triage.report.flat import as_csv, as_object
from triage.report.page import as_page
from triage.report.report import BY, By, Part, Report
from triage.report.report import report as compute
from triage.report.span import read_span


@app.command()
def report(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, like 2026-03-01.")] = "",
    last: Annotated[
        str, typer.Option("--until", metavar="DAY", help="The last day that counts; today where it is left out.")
    ] = "",
    month: Annotated[str, typer.Option(metavar="MONTH", help="A whole month instead, like 2026-03.")] = "",
    by: Annotated[str, typer.Option(help=f"What the table has lines for: {', '.join(BY)}.")] = "reason",
    as_csv_: Annotated[
        bool, typer.Option("--csv", help="Print one flat table for a spreadsheet, a line a group and one for all.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one page with charts, to be mailed or printed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Disputes over a span of days: opened, resolved, open and how old, sums by currency, causes, promises missed.

    The last thirty days where nothing is said; days are those of your zone (hours.zone). Each span is compared with the
    one before it. No mail, name or address of a customer is in it.

    For sums that your ledger credited, import it (triage ledger import). To see disputes by product, let a routing rule
    put a tag on them, and ask --by tag.
    """
    choices: dict[str, By] = {each: each for each in BY}
    if by not in choices:
        raise OperatorError(f"--by: there is no {by!r}; choose from {', '.join(BY)}")
    if as_csv_ and as_json:
        raise OperatorError("--csv and --json: choose one")
    with house_of(context) as house:
        now = house.now()
        span = read_span(first, last, month, zone=ZoneInfo(house.settings.hours.zone), now=now)
        cases = house.store.statistics.cases(span.before.start, span.end)
        told = compute(cases, span, choices[by], now=now)
    if html is not None:
        _write(html, as_page(told))
    if as_json:
        print_json(as_object(told))
    elif as_csv_:
        print_plain(as_csv(told).removesuffix("\n"))
    elif html is not None:
        out.print(f"Wrote {escape(str(html))}: {told.span}, {told.whole.opened} opened.", soft_wrap=True)
    else:
        _tell(told)


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from error


def _tell(report: Report) -> None:
    """For a terminal: what matters first, then the table, then the rest."""
    out.print(f"[bold]Billing disputes, {report.span}[/bold]  (before: {report.span.before})", soft_wrap=True)
    _columns("", ("", "now", "before"), words.headline(report))
    if report.whole.is_empty:
        out.print("\nNo case was opened, resolved or open in these days.")
        return
    _groups(report)
    _columns("Open at the end, by age", ("age", "cases", "disputed"), _parts(report.ages))
    if report.whole.resolved:
        _columns("Resolutions", ("resolution", "cases", "disputed"), _parts(report.resolutions))
        _columns("Root causes", ("cause", "cases", "disputed"), _parts(report.causes))
    if report.promises:
        rows = [
            (words.words(each.kind), str(each.kept), str(each.missed), str(each.running)) for each in report.promises
        ]
        _columns("Promises that began", ("clock", "kept", "missed", "running"), rows)
    for heading, each in words.details(report):
        _columns(heading, ("", ""), each)


def _groups(report: Report) -> None:
    headings = ("", "opened", "resolved", "open", "median", "90 %", "disputed")
    everything = [(group.name, group.figures) for group in report.groups] + [("all", report.whole)]
    rows = [
        (
            words.words(name),
            str(each.opened),
            str(each.resolved),
            str(each.open),
            words.middle(each.resolved_within),
            words.most(each.resolved_within),
            words.sums(each.disputed),
        )
        for name, each in everything
    ]
    _columns(f"By {words.words(report.by)}", headings, rows)


def _parts(parts: Iterable[Part]) -> list[tuple[str, str, str]]:
    return [(words.words(part.name), str(part.cases), words.sums(part.sums)) for part in parts]


def _columns(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table whose numbers stand below each other."""
    drawn = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    drawn.show_header = any(headings)
    for at, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if at else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(cell) for cell in row))
    out.print()
    out.print(drawn)
