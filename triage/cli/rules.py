"""`triage rules`: check the rules, and try them on a mail."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from triage.cli.common import JsonOption, house_of, out, print_json
from triage.cli.explain import Explainer, mail_of

app = typer.Typer(no_args_is_help=True, help="The admin's rules: check them, and try them on a mail.")


@app.command()
def check(context: typer.Context) -> None:
    """Read every file of the rules, compile it, and say what is wrong, with file and place."""
    house = house_of(context)
    _ = house.patterns, house.routing, house.clocks, house.templates, house.lint_rules
    out.print(f"{house.rules_folder}: all rules are in order (version {house.patterns.version}).", soft_wrap=True)
    for rule in house.routing:
        out.print(f"  {escape(rule.name)}: {escape(rule.description or rule.when.source)}", soft_wrap=True)


@app.command("test")
def try_on(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.eml", help="The mail to try the rules on.")],
    as_json: JsonOption = False,
) -> None:
    """What each rule says of one mail: hit or miss, and why. Nothing is sent or kept."""
    answer = Explainer(house_of(context), ("dispute", "decision")).explain(str(file), mail_of(file))
    if as_json:
        print_json(answer["decision"])
        return
    for rule in answer["decision"]["rules"]:
        mark = "[green]hit [/green]" if rule["hit"] else "[dim]miss[/dim]"
        out.print(f"{mark} [bold]{escape(rule['name'])}[/bold]  {escape(rule['why'])}", soft_wrap=True)
    if not answer["decision"]["rules"]:
        out.print("The mail is settled before the rules are asked.")
    out.print(escape(answer["decision"]["summary"]), soft_wrap=True)
