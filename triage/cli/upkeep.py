"""`triage backup`: what keeps a site's database safe."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

from triage.cli.common import actor, app, err, out, settings_of
from triage.errors import DatabaseError
from triage.store.dialect import missing_file
from triage.store.store import Store

_MEGABYTE = 1024 * 1024


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
