"""`triage alarms`: what a person must know, until somebody says that it is settled."""

from typing import Annotated

import typer
from rich.markup import escape

from triage.cli.common import JsonOption, actor, house_of, moment, out, print_json_lines
from triage.errors import NotFound, OperatorError

app = typer.Typer(no_args_is_help=True, help="Alarms: what a person must know, until it is cleared.")


@app.command("list")
def list_alarms(context: typer.Context, as_json: JsonOption = False) -> None:
    """Every open alarm, newest first. Those of mailboxes, relay and ledger clear themselves when it works again."""
    with house_of(context) as house:
        alarms = house.store.alarms.open()
        if as_json:
            print_json_lines(alarms)
            return
        for alarm in alarms:
            since = moment(alarm.first_at, house.settings)
            told = (
                f"[bold]{alarm.id}[/bold]  {escape(alarm.kind)} {escape(alarm.subject)}  {alarm.count}× since {since}"
            )
            out.print(told, soft_wrap=True)
            out.print(f"  {escape(alarm.why)}", soft_wrap=True)
        out.print(f"Alarms: {len(alarms) or 'none'}.")


@app.command()
def clear(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(metavar="ALARM", help="Its number, from triage alarms list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """The matter is settled: an alarm that is cleared comes back only when it happens again."""
    if number is None and not everything:
        raise OperatorError("which alarm? name one or --all (triage alarms list)")
    with house_of(context) as house:
        chosen = [alarm for alarm in house.store.alarms.open() if everything or alarm.id == number]
        if not chosen and not everything:
            raise NotFound("there is no such alarm (triage alarms list)")
        for alarm in chosen:
            house.store.alarms.clear(alarm.kind, alarm.subject, now=house.now(), actor=actor())
    out.print(f"Cleared: {len(chosen) or 'none'}.")


@app.command()
def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Who did what that belongs to no case, newest first: alarms, quarantine, the switch of all letters, the model."""
    with house_of(context) as house:
        lines = house.store.history(limit=limit)
        if as_json:
            print_json_lines(lines)
            return
        for line in lines:
            out.print(escape(f"{moment(line.at, house.settings)}  {line.actor}: {line.text}"), soft_wrap=True)
        if not lines:
            out.print("Nothing yet.")
