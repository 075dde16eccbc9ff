"""`triage doctor`: whether everything that the daemon needs is there and answers."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated

import typer
from rich.markup import escape

from triage.cli.common import JsonOption, app, house_of, moment, out, print_json_lines
from triage.errors import TriageError
from triage.house import House
from triage.mail.connection import Expiry, running_out
from triage.mail.mailbox import MailSource
from triage.records.database import SqlLedger
from triage.understanding import learn


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
