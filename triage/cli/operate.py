"""`run`, `once`, `account`, `authorize`, `doctor`, `init`: the operator's commands."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
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
    moment,
    out,
    print_json,
    print_json_lines,
    print_plain,
    settings_of,
    table,
)
from triage.cli.initial import initial_config
from triage.config import Address, Zone
from triage.errors import OperatorError, TriageError
from triage.explanation import decision_part
from triage.house import House
from triage.logins import consent_of
from triage.mail.connection import Expiry, running_out
from triage.mail.mailbox import MailSource
from triage.records.database import SqlLedger
from triage.store.store import Store
from triage.understanding import learn


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
def doctor(
    context: typer.Context,
    now: Annotated[
        bool,
        typer.Option("--now", help="Try refused logins at once, here and in the daemon, and not after their pause."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check database, rules, model, OCR, mailboxes, relay and clock: one line each. Exit code 1 if any fails."""
    house = house_of(context, create=True)
    if now:
        house.store.logins.forget()
    results = [_result(name, check) for name, check in _checks(house)]
    house.close()
    if as_json:
        print_json_lines({"check": name, "ok": ok, "says": says} for name, ok, says in results)
    else:
        for name, ok, says in results:
            mark = "[green]ok  [/green]" if ok else "[bold red]FAIL[/bold red]"
            out.print(f"{mark} {name:<22} {escape(says)}", soft_wrap=True)
    if not all(ok for _, ok, _ in results):
        raise typer.Exit(1)


def _result(name: str, check: Callable[[], str]) -> tuple[str, bool, str]:
    try:
        return name, True, check()
    except TriageError as error:
        problems = getattr(error, "problems", ())
        return name, False, "; ".join((str(error), *problems))


def _checks(house: House) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "database", lambda: f"{house.store.check(now=house.now())}, schema {house.store.version()}"
    yield "rules", lambda: _rules(house)
    yield "model", lambda: _model(house)
    yield "ocr", lambda: _ocr(house)
    for mailbox in house.mailboxes() if house.settings.mailbox else ():
        name = f"mailbox {mailbox.account.name}/{mailbox.account.folder}"
        yield name, partial(_mailbox, house, mailbox)
    if not house.settings.mailbox:
        yield "mailbox", lambda: _fail("none is configured: add a [[mailbox]] section")
    yield "relay", lambda: _relay(house)
    yield "clock", lambda: _clock(house)
    if house.settings.ledger is not None:
        yield "ledger", lambda: _ledger(house)
    yield "retention", lambda: _retention(house)
    yield "letters", lambda: _letters(house)
    yield "alarms", lambda: _alarms(house)


def _fail(why: str) -> str:
    raise TriageError(why)


def _rules(house: House) -> str:
    _ = house.routing, house.clocks, house.templates, house.lint_rules
    return f"{house.rules_folder}, version {house.patterns.version}, {len(house.routing)} routing rules"


def _model(house: House) -> str:
    policy = house.policy
    bands = f"review from {policy.review_threshold:.2f}, by itself from {policy.auto_threshold:.2f}"
    version = learn.current(house.learned_folder)
    if version is None or house.settings.model.backend == "none":
        return f"{house.model}: {bands}"
    if learn.is_stale(version, house.model_folder):
        return f"{house.model}: {bands}; {version.name} was learned on another version of it and rests: learn again"
    return f"{house.model}, learned here ({version}): {bands}"


def _ocr(house: House) -> str:
    if house.ocr is None:
        return "off: attached pictures are listed, not read"
    settings = house.settings.ocr
    return f"{house.ocr.check()}: {settings.pictures} pictures a mail, {settings.seconds} seconds for them"


def _mailbox(house: House, mailbox: MailSource) -> str:
    says = f"open, UIDVALIDITY {mailbox.open()}, {len(mailbox.uids())} mails"
    return _lasting(house, says, mailbox.expiries())


def _lasting(house: House, says: str, expiries: Sequence[Expiry]) -> str:
    """The same with what runs out when; fails where that is soon."""
    now = house.now()
    says = "; ".join([says, *(expiry.says(now) for expiry in expiries)])
    soon = running_out(expiries, now)
    return _fail(f"{says}: renew the {' and the '.join(expiry.what for expiry in soon)} now") if soon else says


def _relay(house: House) -> str:
    if house.relay is None:
        return _fail("none is configured: letters wait until there is a [relay] section")
    house.relay.connect()
    settings = house.settings.relay
    says = f"{settings.host}:{settings.port} ({settings.security}) answers" if settings else ""
    return _lasting(house, says, house.relay.expiries())


def _clock(house: House) -> str:
    hours = house.settings.hours
    local = house.now().astimezone(house.calendar.zone)
    opening = f"{hours.opens:%H:%M}-{hours.closes:%H:%M} {' '.join(hours.weekdays)}"
    return f"{local:%Y-%m-%d %H:%M} in {hours.zone}; open {opening}"


def _ledger(house: House) -> str:
    if isinstance(house.ledger, SqlLedger):
        return house.ledger.check()
    count, last = house.store.ledger.counts()["invoice"], house.store.ledger.imports(1)
    if not last:
        return _fail("nothing was imported yet (triage ledger import FILE…)")
    return f"{count} invoices, imported {moment(last[0].at, house.settings)}"


def _retention(house: House) -> str:
    settings, last = house.settings.retention, house.store.retention.last_run()
    if not settings.is_set:
        return "off: no mail, name or text is ever deleted"
    _ = house.pseudonyms
    kept = {"cases": settings.cases_months, "mails without a case": settings.mails_months}
    says = ", ".join(f"{what} {months} months" if months else f"{what} for ever" for what, months in kept.items())
    return f"{says}; last had something to forget: {moment(last, house.settings) or 'never'}"


def _letters(house: House) -> str:
    stopped = house.store.outbox.stopped()
    if stopped:
        since = moment(stopped.at, house.settings)
        return _fail(f"all letters are stopped, by {stopped.by} since {since} (triage letters resume)")
    stuck = house.store.outbox.lines(states=("held", "refused", "in_doubt"))
    if stuck:
        return f"{len(stuck)} wait for a person (triage letters list)"
    return f"acknowledge = {house.settings.letters.acknowledge}; none waits for a person"


def _alarms(house: House) -> str:
    alarms = house.store.alarms.open()
    if alarms:
        return _fail("; ".join(f"{alarm.kind} {alarm.subject} ({alarm.count}×): {alarm.why}" for alarm in alarms[:5]))
    return "none"


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
