"""`run`, `once`, `account`, `migrate`, `authorize`, `init`: the operator's commands."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.progress import track

from triage import daemon, pipeline
from triage.cli.common import (
    JsonOption,
    app,
    err,
    house_of,
    out,
    print_json,
    print_json_lines,
    print_plain,
    settings_of,
    table,
)
from triage.cli.initial import initial_config
from triage.config.values import Address, Zone
from triage.errors import OperatorError
from triage.explanation import decision_part
from triage.house import House
from triage.logins import consent_of
from triage.store.store import Store


@app.command()
def run(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Only these walks (may be repeated): {', '.join(daemon.WALKS)}."),
    ] = None,
) -> None:
    """The daemon: watch the mailboxes, read, answer, keep the diary, until SIGTERM."""
    unknown = sorted(set(only or ()) - set(daemon.WALKS))
    if unknown:
        raise OperatorError(f"--only: there is no walk {', '.join(unknown)}; choose from {', '.join(daemon.WALKS)}")
    walks = tuple(walk for walk in daemon.WALKS if not only or walk in only)
    with house_of(context, create=True) as house:
        if not daemon.Daemon(house, walks).run():
            # a walk hangs in a server's silence, and Python would wait for its thread; each is safe to end at any line
            os._exit(0)


@app.command()
def once(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen to each new mail; keep, mark and send nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """One round of all walks, then exit: for cron. Exit code 2 when a mailbox or the relay failed."""
    if dry_run:
        _rehearse(context, as_json=as_json)
        return
    with house_of(context, create=True) as house:
        house.mailboxes()
        done = daemon.once(house)
        alarms = [alarm for alarm in house.store.alarms.open() if alarm.kind in ("mailbox", "relay")]
    if as_json:
        print_json(done | {"failed": [alarm.why for alarm in alarms]})
    else:
        out.print(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in done.items()) + ".")
        for alarm in alarms:
            err.print(f"[bold red]{alarm.kind}:[/bold red] {escape(alarm.why)}", soft_wrap=True)
    if alarms:
        raise typer.Exit(2)


def _rehearse(context: typer.Context, *, as_json: bool) -> None:
    with house_of(context, create=True) as house:
        for raw, message, decision in pipeline.rehearse(house):
            told = {
                "mailbox": raw.mailbox,
                "folder": raw.folder,
                "uid": raw.uid,
                "sender": message.sender.address,
                "subject": message.subject,
            } | decision_part(decision)
            if as_json:
                print_json(told)
                continue
            out.print(
                f"[bold]{raw.mailbox}/{raw.folder} {raw.uid}[/bold] {escape(message.sender.address)}", soft_wrap=True
            )
            out.print(f"  {escape(message.subject)}\n  {escape(decision.summary)}", soft_wrap=True)


@app.command()
def account(context: typer.Context, as_json: JsonOption = False) -> None:
    """Mails on the server against the books: prints what is unaccounted for.

    With --json it prints the books instead, one JSON object a mail. Exit code 1 when something is unaccounted for.
    """
    with house_of(context) as house:
        if as_json:
            print_json_lines(house.store.books.lines())
            return
        waiting = house.store.books.waiting()
        missing = list(_unaccounted(house))
    table("Unaccounted for", ("mailbox", "folder", "uid", "why"), missing)
    if waiting:
        out.print(f"{waiting} kept and waiting to be read.")
    if missing:
        raise typer.Exit(1)


def _unaccounted(house: House) -> Iterator[tuple[str, str, str, str]]:
    mailboxes = track(house.mailboxes(), "asking the servers", console=err, transient=True, disable=not err.is_terminal)
    for mailbox in mailboxes:
        where = mailbox.account.name, mailbox.account.folder
        uidvalidity = mailbox.open()
        booked = house.store.books.uids(*where, uidvalidity)
        for uid in mailbox.uids():
            if uid not in booked:
                yield *where, str(uid), "on the server, not in the books"


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database up to this version's schema; every start does so too. Goes forward only: back it up before."""
    settings = settings_of(context)
    store = Store(settings.database.url)
    try:
        before, after = store.version(), store.migrate()
    finally:
        store.close()
    out.print(f"Schema {after}: up to date." if before == after else f"Schema {before or 'none'} → {after}.")


@app.command()
def authorize(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[MAILBOX|relay]", help="Which one; left out where there is but one to choose.")
    ] = "",
    paste: Annotated[
        bool,
        typer.Option(
            "--paste",
            help="The browser is on another machine: paste the address at which it ends, which will not open.",
        ),
    ] = False,
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to wait for the browser.")] = 10,
) -> None:
    """Sign in once at Google, Microsoft or another provider, and keep the refresh token for the daemon.

    For mailboxes and relays with oauth2 and grant = "refresh_token". The password goes to the provider alone.
    """
    with consent_of(settings_of(context), name) as consent:
        out.print("Open this address in a browser, sign in and agree:\n", soft_wrap=True)
        # to be copied
        print_plain(f"{consent.address}\n")
        prompt = "The address at which the browser ends"
        consent.redeem(typer.prompt(prompt) if paste else consent.wait(minutes * 60))
        out.print(
            f"The refresh token is in {escape(consent.file)}. See whether it works: triage doctor", soft_wrap=True
        )


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("config.toml"),
    host: Annotated[str, typer.Option(help="IMAP server.")] = "",
    address: Annotated[str, typer.Option(help="What customers write to.")] = "",
    username: Annotated[str, typer.Option(help="IMAP login; the address where it is left out.")] = "",
    password_file: Annotated[str, typer.Option(help="A file that holds the password, as seen from the config.")] = "",
    relay_host: Annotated[str, typer.Option(help="SMTP server; the IMAP server where it is left out.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of the business hours, like Europe/Madrid.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a config: asks on a terminal for what no option says. At first a person releases each letter."""
    if path.exists() and not force:
        raise OperatorError(f"{path} is there already; --force writes over it")
    asking = sys.stdin.isatty()

    def answer(value: str, question: str, default: str, option: str, check: Callable[[str], str] = str) -> str:
        if value:
            return check(value)
        if asking:
            return str(typer.prompt(question, default=default or None, value_proc=check))
        if default:
            return default
        raise OperatorError(f"{option} is missing")

    address = answer(address, "Which address do customers write to", "", "--address", _address)
    domain = address.rpartition("@")[2]
    host = answer(host, "IMAP server", f"imap.{domain}", "--host")
    text = initial_config(
        host=host,
        address=address,
        username=username or address,
        password_file=answer(password_file, "File with the password", "secrets/imap", "--password-file"),
        relay_host=answer(
            relay_host, "SMTP server", f"smtp.{domain}" if host.startswith("imap.") else host, "--relay-host"
        ),
        zone=answer(zone, "Time zone of your business hours", "UTC", "--zone", _zone),
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from error
    out.print(f"Wrote {escape(str(path))}. Next: [bold]triage doctor[/bold], then [bold]triage run[/bold].")


def _address(text: str) -> str:
    """An address as the configuration takes it; a wrong one is asked for again, or told."""
    try:
        return TypeAdapter[str](Address).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(
            f"{text!r} is no address: write it like support@example.com", param_hint="--address"
        ) from error


def _zone(text: str) -> str:
    try:
        return TypeAdapter[str](Zone).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(
            f"there is no time zone {text!r}: write it like Europe/Madrid", param_hint="--zone"
        ) from error
