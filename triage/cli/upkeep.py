"""`triage backup` and `triage retention`: what keeps a site's database safe, and no longer than it may."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from sqlalchemy.engine import make_url

from triage.cli.common import JsonOption, actor, app, err, house_of, out, print_json, settings_of
from triage.errors import DatabaseError, OperatorError
from triage.store.dialect import missing_file
from triage.store.retention import LEGAL_HOLD, Forgotten
from triage.store.store import Store

retention_app = typer.Typer(no_args_is_help=True, help="What is past its time: names and texts go, figures stay.")

_MEGABYTE = 1024 * 1024
_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:.0f} cases and mails"))


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes, e.g. triage-2026-11-22.db.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """A copy of the SQLite database, of one moment and checked, while the daemon works on it.

    The copy holds all mails and letters in clear, and is readable for you alone (mode 0600). Keep the configuration
    with its secrets and the folder model.learned beside it. To restore: stop the daemon, put the copy in the place of
    the database, run triage doctor, start. Mails that came since are asked for again; a letter that may have gone out
    since waits in doubt, until its journal copy is found or you decide.

    Exit code 2 where no copy was made; nothing half written is left then. PostgreSQL has its own way, which is printed.
    """
    url = settings_of(context).database.url
    if (missing := missing_file(url)) is not None:
        raise DatabaseError(f"there is no database at {missing} yet")
    with closing(Store(url)) as store, Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("copying", total=None)
        copy = store.copy_to(
            file,
            force=force,
            actor=actor(),
            now=datetime.now(UTC),
            progress=lambda done, pages: progress.update(task, completed=done, total=pages),
        )
    out.print(f"{escape(str(file))}: {copy.size / _MEGABYTE:.1f} MB, schema {copy.schema}, sound.", soft_wrap=True)


@retention_app.callback()
def _retention() -> None:
    """Keeps `run` a command of its own beside those to come."""


@retention_app.command("run")
def run_retention(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how much it would be; change nothing.")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="The old key is lost: who was a pseudonym before gets another one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete who wrote and what, of mails and cases past their time; counts, reasons, sums and times stay.

    How long that is stands in the section retention of the configuration; without it nothing is ever deleted. The
    daemon does the same once a day. Bytes of mails and letters, subjects, names, evidence, notes and history texts are
    deleted; addresses and invoice numbers become pseudonyms, the same each time; Message-IDs become hashes, so that no
    mail is taken twice. Cases at work, those whose letter waits, and those with the tag legal-hold (triage cases tag)
    are not touched.

    It goes in batches: ended half way, it goes on with the next run. It cannot be undone; older backups hold it still.
    """
    with house_of(context) as house:
        settings = house.settings.retention
        if not settings.is_set:
            raise OperatorError("nothing is ever deleted: set cases_months or mails_months under [retention]")
        batches = house.store.retention.run(
            house.past_time(), house.pseudonyms, now=house.now(), dry_run=dry_run, new_key=new_key
        )
        total = Forgotten()
        with Progress(*_COLUMNS, console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("forgetting", total=None)
            for done in batches:
                total += done
                progress.update(task, completed=total.cases + total.mails)
        spare = None if dry_run else house.store.retention.give_back()
        if as_json:
            print_json(vars(total) | {"vacuum_gives_back": spare, "dry_run": dry_run})
            return
        _tell(total, spare, dry_run=dry_run, url=house.settings.database.url)


def _tell(total: Forgotten, spare: int | None, *, dry_run: bool, url: str) -> None:
    """What was done, or would be."""
    done = "Would be forgotten" if dry_run else "Forgotten"
    what = f"{total.cases} cases, {total.mails} mails, {total.letters} letters"
    out.print(f"{done}: {what}; {total.bytes / _MEGABYTE:.1f} MB of their text.", soft_wrap=True)
    if total.legal_hold:
        out.print(f"Past their time and kept: {total.legal_hold} cases with the tag {LEGAL_HOLD}.", soft_wrap=True)
    if total.waiting_letter:
        told = f"Past their time and kept: {total.waiting_letter} cases whose letter waits (triage letters list)."
        out.print(told, soft_wrap=True)
    if spare:
        file = escape(make_url(url).database or "")
        told = f"VACUUM would give at least {spare / _MEGABYTE:.1f} MB back (daemon stopped): sqlite3 {file} VACUUM"
        out.print(told, soft_wrap=True)
