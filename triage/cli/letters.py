"""`triage letters` and `triage quarantine`: what got stuck, and the switch that stops all letters."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Annotated

import typer
from rich.markup import escape

from triage import on_request
from triage.cli.common import JsonOption, actor, house_of, moment, out, print_json, print_json_lines, table, tally
from triage.config.settings import Settings
from triage.errors import NotFound, OperatorError
from triage.letters.outbox import STATES, LetterState
from triage.store.views import LetterLine, LetterView

app = typer.Typer(no_args_is_help=True, help="Letters: what waits, what is in doubt, and the switch that stops all.")
quarantine_app = typer.Typer(no_args_is_help=True, help="Mails that could not be read and were set aside.")

#: states in which a letter still needs the daemon or a person
_NOT_DONE: tuple[LetterState, ...] = ("held", "due", "sending", "refused", "in_doubt")


def _told(state: str) -> str:
    """A state as lists print it."""
    return state.replace("_", " ")


LetterId = Annotated[int, typer.Argument(metavar="LETTER", help="The letter's number, from triage letters list.")]
MailId = Annotated[int, typer.Argument(metavar="MAIL", help="The mail's number, from triage quarantine list.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(map(_told, STATES))}.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Sent and cancelled ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Letters that are not done, newest first, each with the reason."""
    states = tuple(each.replace(" ", "_") for each in state or ())
    unknown = sorted(set(states) - set(STATES))
    if unknown:
        raise OperatorError(f"there is no state {', '.join(unknown)}; choose from {', '.join(map(_told, STATES))}")
    with house_of(context) as house:
        states = states or (() if everything else _NOT_DONE)
        lines = house.store.outbox.lines(states=states, limit=limit)
        stopped = house.store.outbox.stopped()
        if as_json:
            print_json_lines({**vars(line), "stopped": stopped} for line in lines)
            return
        if stopped:
            by = f"by {escape(stopped.by)} at {moment(stopped.at, house.settings)}"
            told = f"[bold red]All letters are stopped[/bold red], {by}: triage letters resume lets them go."
            out.print(told, soft_wrap=True)
        for line in lines:
            _print_letter(line, house.settings)
        out.print(tally("Letters", len(lines), house.store.outbox.count(states=states)))


@app.command()
def show(context: typer.Context, letter: LetterId, as_json: JsonOption = False) -> None:
    """One letter as it goes out: its headers and its text."""
    with house_of(context) as house:
        view = house.store.outbox.show(letter)
        message = message_from_bytes(view.content, policy=default)
        headers = {name: str(value) for name, value in message.items()}
        plain = message.get_body(("plain",))
        text: str = plain.get_content() if plain is not None else ""
        if as_json:
            print_json({**vars(view.line), "headers": headers, "text": text})
            return
        _print_letter(view.line, house.settings)
        if view.line.state == "held":
            told = "its date and the day that it promises are counted anew on release"
            out.print(f"  [dim]{told}[/dim]", soft_wrap=True)
        out.print()
        for name, value in headers.items():
            out.print(f"[bold]{name}:[/bold] {escape(value)}", soft_wrap=True)
        out.print()
        out.print(escape(text.rstrip()), soft_wrap=True)


@app.command()
def release(
    context: typer.Context,
    letter: LetterId,
    as_written: Annotated[bool, typer.Option("--as-written", help="With the dates that it has.")] = False,
) -> None:
    """Let a held letter go, dated for this moment; every other word stays as triage letters show prints it."""
    with house_of(context) as house:
        before = house.store.outbox.show(letter)
        on_request.release(house, letter, as_written=as_written, actor=actor())
        after = house.store.outbox.show(letter)
        out.print(f"Letter {letter}: due now.")
        for line in _dated_anew(before, after, house.settings):
            out.print(f"  {line}", soft_wrap=True)


def _dated_anew(before: LetterView, after: LetterView, settings: Settings) -> Iterator[str]:
    """What the release has changed in a letter."""
    if before.context is None or after.context is None:
        return
    written = [moment(context.written, settings) for context in (before.context, after.context)]
    promised = [f"{context.next_contact}" for context in (before.context, after.context)]
    for what, (old, new) in (("its date", written), ("promises news by", promised)):
        if old != new:
            yield f"{what}: {new}, no longer {old}"


@app.command()
def retry(context: typer.Context, letter: LetterId) -> None:
    """Send a refused or doubtful letter now; a doubtful one may then arrive twice, with the same Message-ID."""
    with house_of(context) as house:
        doubtful = house.store.outbox.show(letter).line.state == "in_doubt"
        house.store.outbox.retry(letter, actor=actor(), now=house.now())
    twice = "; it may have gone out before, and then arrives twice" if doubtful else ""
    out.print(f"Letter {letter}: due now{twice}.")


@app.command("mark-sent")
def mark_sent(context: typer.Context, letter: LetterId) -> None:
    """A doubtful letter has arrived: you know it from the customer or from the relay's log."""
    with house_of(context) as house:
        house.store.outbox.mark_sent(letter, actor=actor(), now=house.now())
    out.print(f"Letter {letter}: sent.")


@app.command()
def cancel(context: typer.Context, letter: LetterId) -> None:
    """A letter that shall not go out."""
    with house_of(context) as house:
        house.store.outbox.cancel(letter, actor=actor(), now=house.now())
    out.print(f"Letter {letter}: cancelled.")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop all letters at once. Mail is still read and cases opened; letters wait."""
    with house_of(context) as house:
        house.store.outbox.stop(stopped=True, actor=actor(), now=house.now())
    out.print("No letter goes out until triage letters resume.")


@app.command()
def resume(context: typer.Context) -> None:
    """Let letters go again."""
    with house_of(context) as house:
        house.store.outbox.stop(stopped=False, actor=actor(), now=house.now())
    out.print("Letters go out again.")


@app.command()
def restored(context: typer.Context) -> None:
    """An older copy of a PostgreSQL was restored: say so before the daemon starts on it.

    Letters that may have gone out since the copy was made are in doubt then, until their journal copies are found or
    you decide. A daemon that starts on a copy of triage backup knows it by itself.
    """
    with house_of(context) as house:
        count = house.store.restored(actor=actor(), now=house.now())
    told = f"In doubt: {count or 'none'} of the letters in it, and all that answer mails which came before now."
    out.print(told, soft_wrap=True)


def _print_letter(line: LetterLine, settings: Settings) -> None:
    """A letter in two or three lines that fit a narrow terminal."""
    now = _told(line.state) + (", came back" if line.bounced else "")
    due = f"  next try {moment(line.next_try, settings)}" if line.state == "due" else ""
    out.print(f"[bold]{line.id}[/bold]  {now}{due}  {line.case}  {escape(line.recipient)}", soft_wrap=True)
    out.print(f"  {escape(line.subject)}", soft_wrap=True)
    if line.why:
        out.print(f"  [dim]{escape(line.why)}[/dim]", soft_wrap=True)


@quarantine_app.command("list")
def list_quarantine(context: typer.Context, as_json: JsonOption = False) -> None:
    """Mails that were set aside, and why."""
    with house_of(context) as house:
        lines = house.store.quarantine.lines()
        if as_json:
            print_json_lines(lines)
            return
        table(
            "Quarantine",
            ("no.", "mailbox", "folder", "uid", "arrived", "why"),
            (
                (str(line.id), line.mailbox, line.folder, str(line.uid), moment(line.arrived, house.settings), line.why)
                for line in lines
            ),
        )


@quarantine_app.command("retry")
def retry_mail(context: typer.Context, mail: MailId) -> None:
    """Read a mail again at the next round."""
    with house_of(context) as house:
        if not house.store.quarantine.release(mail, actor=actor(), now=house.now()):
            raise NotFound(f"there is no mail {mail} in quarantine")
    out.print(f"Mail {mail}: will be read again.")


@quarantine_app.command()
def drop(context: typer.Context, mail: MailId) -> None:
    """Take a mail out of quarantine for good; its bytes stay in the database."""
    with house_of(context) as house:
        if not house.store.quarantine.drop(mail, actor=actor(), now=house.now()):
            raise NotFound(f"there is no mail {mail} in quarantine")
    out.print(f"Mail {mail}: dropped.")
