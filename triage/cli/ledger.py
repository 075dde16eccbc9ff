"""`triage ledger`: bring invoices and payments in, and look at them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress

from triage.cli.common import JsonOption, actor, err, house_of, moment, out, print_json, table
from triage.errors import NotFound, OperatorError
from triage.explanation import records_part
from triage.house import House
from triage.records.checks import consult
from triage.records.claim import Claim, Consulted, row_of
from triage.records.columns import KINDS, Kind
from triage.records.csvfile import Problem, Reader, Wish
from triage.records.database import SqlLedger
from triage.records.ledger import Invoice, Ledger, nearest
from triage.records.rows import Order, Row
from triage.understanding.currencies import is_code
from triage.understanding.findings import Finding
from triage.understanding.numbers import Mark

app = typer.Typer(no_args_is_help=True, help="Your invoices and payments: import them, and look one up.")

#: problems that are printed; the others are counted
_MOST_PROBLEMS = 50
#: options as the operator writes them → what they mean
_MARKS: dict[str, Mark] = {"point": ".", "comma": ","}
_ORDERS: dict[str, Order] = {"ymd": "ymd", "dmy": "dmy", "mdy": "mdy"}
_KINDS: dict[str, Kind] = {kind: kind for kind in KINDS}
_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";"}


@app.command("import")
def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV files with a line of headings.")],
    kind: Annotated[str, typer.Option(help=f"What the rows are: {', '.join(KINDS)}.")] = "",
    encoding: Annotated[str, typer.Option(help="Where it is found out wrongly: utf-8, cp1252, …")] = "",
    delimiter: Annotated[str, typer.Option(help="The character between cells; also: tab, comma, semicolon.")] = "",
    decimal: Annotated[str, typer.Option(help="Decimal mark of the amounts: point or comma.")] = "",
    dates: Annotated[str, typer.Option(help="Order in dates like 03/04/2026: dmy, mdy or ymd.")] = "",
    currency: Annotated[str, typer.Option(help="ISO 4217, for rows that name none.")] = "",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Take the good rows, leave bad ones out.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Forget all that was imported before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check the files.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring in customers, invoices, lines, payments and credits: all rows or none. Importing again updates.

    Headings are known in English, Spanish, Portuguese, French and German; name others in the section ledger.columns.
    A file holds one kind of row (its name or its headings tell which, or --kind), or has a column `kind`.
    Exit code 1 when rows are bad and nothing was imported for them, 2 when a file or an option cannot be used.
    """
    with house_of(context, create=True) as house:
        settings = house.settings.ledger
        wish = Wish(
            kind=_one_of("--kind", kind, _KINDS),
            encoding=encoding,
            delimiter=_delimiter(delimiter),
            decimal=_one_of("--decimal", decimal, _MARKS),
            dates=_one_of("--dates", dates, _ORDERS),
            currency=_currency(currency) or (settings.currency if settings else ""),
            columns=settings.columns if settings else {},
        )
        reader, problems = _check(files, wish)
        refused = bool(problems) and not skip_bad
        if not refused and not dry_run:
            rows = _read(Reader(wish), files, "importing")
            good = (row for row in rows if not isinstance(row, Problem))
            names = [path.name for path in files]
            house.store.ledger.take(good, files=names, actor=actor(), now=house.now(), replace=replace)
    _tell_import(reader, problems, as_json=as_json, taken=not refused and not dry_run)
    if settings is None and not refused:
        err.print(
            "Mails are not checked against it yet: add a \\[ledger] section to the configuration.", soft_wrap=True
        )
    if refused:
        raise typer.Exit(1)


def _one_of(option: str, value: str, choices: dict[str, Any]) -> Any:
    if value and value not in choices:
        raise OperatorError(f"{option}: {value!r} is none of {', '.join(choices)}")
    return choices[value] if value else None


def _delimiter(value: str) -> str:
    delimiter = _DELIMITERS.get(value, value)
    if delimiter and (len(delimiter) > 1 or delimiter in '"\r\n'):
        raise OperatorError(f"--delimiter: {value!r} is neither a single character nor one of {', '.join(_DELIMITERS)}")
    return delimiter


def _currency(value: str) -> str:
    if value and not is_code(value.upper()):
        raise OperatorError(f"--currency: there is no {value!r} in ISO 4217: write it like EUR")
    return value.upper()


def _check(files: Sequence[Path], wish: Wish) -> tuple[Reader, list[Problem]]:
    """Read everything once without the database, so that nothing is held up for files that will be refused."""
    reader = Reader(wish)
    return reader, [row for row in _read(reader, files, "checking") if isinstance(row, Problem)]


def _read(reader: Reader, files: Sequence[Path], what: str) -> Iterator[Row | Problem]:
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console=err, transient=True, disable=not err.is_terminal))
        for path in files:
            try:
                file = stack.enter_context(path.open("rb"))
                size = path.stat().st_size
            except OSError as error:
                raise NotFound(f"{path}: {error.strerror}") from error
            task = progress.add_task(f"{what} {path.name}", total=size)
            for at, row in enumerate(reader.read(str(path), file)):
                if at % 1000 == 0:
                    progress.update(task, completed=file.tell())
                yield row


def _tell_import(reader: Reader, problems: Sequence[Problem], *, as_json: bool, taken: bool) -> None:
    if as_json:
        formats = {name: vars(found) for name, found in reader.formats.items()}
        listed = [vars(problem) for problem in problems[:1000]]
        counts = dict(reader.counts)
        print_json({"imported": taken, "rows": counts, "bad_rows": len(problems), "problems": listed, "files": formats})
        return
    for name, found in reader.formats.items():
        decimal = {".": "point", ",": "comma", None: "not shown"}[found.decimal]
        shown = (
            f"{found.encoding}, cells by {found.delimiter!r}, decimal {decimal}, dates {found.dates or 'ISO or plain'}"
        )
        out.print(f"{escape(name)}: {found.kind or 'rows by their kind'}; {shown}", soft_wrap=True)
        used = ", ".join(f"{heading} = {field}" for heading, field in found.columns.items())
        out.print(f"  {escape(used)}", soft_wrap=True)
        if found.unused:
            out.print(f"  [yellow]not used:[/yellow] {escape(', '.join(found.unused))}", soft_wrap=True)
    for problem in problems[:_MOST_PROBLEMS]:
        err.print(f"[bold red]bad row:[/bold red] {escape(str(problem))}", soft_wrap=True)
    if len(problems) > _MOST_PROBLEMS:
        err.print(f"… and {len(problems) - _MOST_PROBLEMS} more.")
    counted = ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in sorted(reader.counts.items()))
    end = "imported" if taken else "not imported" if problems else "in order; not imported (--dry-run)"
    out.print(f"{counted or 'no rows'}: {end}{f', {len(problems)} bad rows left out' if taken and problems else ''}.")
    if problems and not taken:
        err.print("Nothing was imported: mend the rows, or leave them out with --skip-bad.", soft_wrap=True)


@app.command()
def show(
    context: typer.Context,
    invoice: Annotated[str, typer.Argument(help="Its number; spaces, marks and capitals do not matter.")],
    as_json: JsonOption = False,
) -> None:
    """One invoice: lines, payments, credits, and what is wrong with it."""
    with house_of(context) as house:
        ledger = _ledger(house)
        found = ledger.find(invoice)
        if not found:
            near = [each.invoice.number for each in nearest(invoice, ledger.similar(invoice))]
            raise NotFound(f"no invoice {invoice} is on record" + (f"; near it: {', '.join(near)}" if near else ""))
        for each in found:
            told = _about(each, ledger)
            if as_json:
                print_json(told)
            else:
                _tell_invoice(told)


def _about(invoice: Invoice, ledger: Ledger) -> dict[str, Any]:
    named = Finding(kind="invoice", text=invoice.number, value=invoice.number)
    said = consult(Claim(findings=(named,), sender=min(invoice.addresses, default="")), ledger)
    part = records_part(_only(said, invoice)) or {}
    return {
        "invoice": dict(row_of(invoice).fields),
        "addresses": sorted(invoice.addresses),
        "lines": [dict(row_of(line).fields) for line in invoice.lines],
        "payments": [dict(row_of(each).fields) | {"id": each.id} for each in ledger.payments(invoice)],
        "credits": [dict(row_of(each).fields) | {"id": each.id} for each in ledger.credits(invoice)],
        "findings": part["findings"],
    }


def _only(said: Consulted, invoice: Invoice) -> Consulted:
    records = tuple(
        record for record in said.records if record.invoice == invoice.number and record.kind != "invoice_found"
    )
    return Consulted(verdict="open", known=True, records=records, findings=(), disputed=None)


def _tell_invoice(told: dict[str, Any]) -> None:
    fields = told["invoice"]
    out.print(
        f"[bold]{escape(fields['number'])}[/bold]  {escape(fields['total'])} {fields['currency']}", soft_wrap=True
    )
    for name, value in fields.items():
        if name not in ("number", "total", "currency"):
            out.print(f"  [dim]{name.replace('_', ' '):<14}[/dim] {escape(value)}", soft_wrap=True)
    if told["addresses"]:
        out.print(f"  [dim]{'addresses':<14}[/dim] {escape(', '.join(told['addresses']))}", soft_wrap=True)
    for title, rows in (("Lines", told["lines"]), ("Payments", told["payments"]), ("Credits", told["credits"])):
        columns = list(dict.fromkeys(chain.from_iterable(rows)))
        columns = [name for name in columns if name not in ("invoice", "customer")]
        table(title, columns, ([row.get(name, "") for name in columns] for row in rows))
    for finding in told["findings"]:
        out.print(f"[yellow]{finding['kind'].replace('_', ' ')}:[/yellow] {escape(finding['says'])}", soft_wrap=True)


@app.command()
def status(context: typer.Context, as_json: JsonOption = False) -> None:
    """Where the records come from, how many there are, and when they came."""
    with house_of(context) as house:
        settings = house.settings.ledger
        ledger = house.ledger
        if isinstance(ledger, SqlLedger):
            says = ledger.check()
            if as_json:
                print_json({"source": "sql", "says": says})
            else:
                out.print(f"source: sql. {escape(says)}", soft_wrap=True)
            return
        counts, imports = house.store.ledger.counts(), house.store.ledger.imports()
        source = settings.source if settings else None
        if as_json:
            print_json({"source": source, "rows": counts, "imports": imports})
            return
        used = "mails are checked against it" if settings else "no \\[ledger] section: mails are not checked against it"
        out.print(f"source: import; {used}.", soft_wrap=True)
        table("Rows", ("what", "rows"), ((name, str(count)) for name, count in counts.items() if count))
        told = ((moment(each.at, house.settings), each.actor, f"{each.rows}", each.files) for each in imports)
        table("Imports", ("when", "who", "rows", "files"), told)


def _ledger(house: House) -> Ledger:
    return house.ledger if house.ledger is not None else house.store.ledger
