"""The command line: every command, and the one place where a mistake of the operator becomes a line and exit code 2."""

import sys

import typer

from triage.cli import alarms, cases, demo, doctor, explain, ledger, letters, model, operate, report, rules, upkeep
from triage.cli.common import app, complain
from triage.errors import OperatorError, TriageError

app.add_typer(cases.app, name="cases")
app.add_typer(cases.review_app, name="review")
app.add_typer(ledger.app, name="ledger")
app.add_typer(letters.app, name="letters")
app.add_typer(alarms.app, name="alarms")
app.add_typer(letters.quarantine_app, name="quarantine")
app.add_typer(rules.app, name="rules")
app.add_typer(model.app, name="model")
app.add_typer(upkeep.retention_app, name="retention")

__all__ = ["app", "demo", "doctor", "explain", "main", "operate", "report", "upkeep"]


def main() -> None:
    """Run the command line; exits with 0, 1 (a check failed), 2 (a mistake of the operator) or 130 (Ctrl-C)."""
    try:
        code = app(prog_name="triage", standalone_mode=False)
    except typer.Abort:
        sys.exit(130)
    except typer.TyperException as error:
        _complain_of_words(error)
        sys.exit(2)
    except TriageError as error:
        complain(error)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _complain_of_words(error: typer.TyperException) -> None:
    """A mistake in the command's words, with the page that tells the right ones; a group alone has shown its page."""
    if words := error.format_message():
        context = getattr(error, "ctx", None)
        page = f" (see {context.command_path} --help)" if context is not None else ""
        complain(OperatorError(words.removesuffix(".") + page))
