"""What all commands share: the configuration, the house, and how things are printed."""

import getpass
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from triage import __version__, log
from triage.config.settings import Settings, load_settings
from triage.errors import OperatorError, TriageError
from triage.house import House
from triage.mail.charset import without_controls

#: embeddings, overrides and isolates: they turn the direction of whatever stands behind them
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: of what JSON writes as it is, the characters that terminals obey
_OBEYED = re.compile(f"[\x7f-\x9f]|{_DIRECTIONS.pattern}")


class Terminal(Console):
    """A console that shows a stranger's words without what drives a terminal, whatever a command prints."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string comes through here, markup and cells of tables too, before colours are put on it."""
        return super().render_str(_DIRECTIONS.sub("", without_controls(text)), **options)

    def on_broken_pipe(self) -> NoReturn:
        """The reader of our output has gone away (triage … | head): not a fault."""
        # what is still buffered has nowhere to go when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())
        sys.exit(0)


#: for people and for machines; colours only on a terminal (rich looks by itself, NO_COLOR is honoured)
out = Terminal(highlight=False, emoji=False, soft_wrap=False)
err = Terminal(stderr=True, highlight=False, emoji=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    help="Reads support mailboxes, finds the mails that dispute a bill, opens a case for each, acknowledges it once in "
    "the customer's language, and keeps the follow-ups.\n\n"
    "Try it: [bold]triage demo[/bold]. Begin: [bold]triage init[/bold], [bold]triage doctor[/bold], "
    "[bold]triage run[/bold].",
)


def _version(wanted: bool) -> None:
    if wanted:
        print_plain(f"triage {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            envvar="TRIAGE_CONFIG",
            help="The configuration; where none is named, config.toml in this folder, if there is one.",
        ),
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if config is None and Path("config.toml").is_file():
        config = Path("config.toml")
    context.obj = config


def settings_of(context: typer.Context) -> Settings:
    """The settings that a command runs under. Raises ConfigError."""
    settings = load_settings(context.obj)
    log.set_up(settings.log.level, settings.log.format)
    return settings


def house_of(context: typer.Context, *, create: bool = False) -> House:
    """The house that a command works in; `create` for those that begin a site's database."""
    return House(settings_of(context), create=create)


def actor() -> str:
    """Who is at the keyboard, for the history."""
    try:
        return os.environ.get("TRIAGE_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        return "someone"


def complain(error: TriageError) -> None:
    """Say what is wrong: one line, and one for each single problem."""
    err.print(f"[bold red]triage:[/bold red] {escape(str(error))}", soft_wrap=True)
    if isinstance(error, OperatorError):
        for problem in error.problems:
            err.print(f"  {escape(problem)}", soft_wrap=True)


def print_plain(line: str) -> None:
    """A line as it is, at once: for other programs, and to be copied."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        out.on_broken_pipe()


def tally(title: str, shown: int, count: int) -> str:
    """The last line of a list: how many there are, and how many of them it shows where it is cut."""
    cut = f"{shown} of " if shown < count else ""
    return f"{title}: {cut}{count or 'none'}."


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    text = _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # lone surrogates stand for bytes that no charset explains: as escapes they are valid JSON for every reader
    print_plain(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def print_json_lines(values: Iterable[Any]) -> None:
    """One JSON object a line."""
    for value in values:
        print_json(value)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; a line that says so when it is empty."""
    drawn = Table(*columns, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(escape(cell) for cell in row))
    if drawn.row_count:
        out.print(drawn)
    else:
        out.print(f"{title}: none.")


def moment(when: datetime | None, settings: Settings) -> str:
    """A moment in the site's zone."""
    return when.astimezone(ZoneInfo(settings.hours.zone)).strftime("%Y-%m-%d %H:%M") if when is not None else ""


def place_of(finding: Mapping[str, Any]) -> str:
    """Where a finding of an explanation stands, and whether it may be misread."""
    place = " ".join(filter(None, (finding["where"], finding.get("attachment"))))
    return f"{place}, read by OCR" if finding.get("ocr") else place


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset | set | tuple):
        return list(value)
    return str(value)
