"""The command line: every command, and the one place where a mistake of the operator becomes a line and exit code 2."""

import sys

import click

from triage.cli import alarms, cases, demo, explain, ledger, letters, model, operate, rules
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

__all__ = ["app", "demo", "explain", "main", "operate"]


def main() -> None:
    """Run the command line; exits with 0, 1 (a check failed) or 2 (a mistake of the operator)."""
    try:
        code = app(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # the reader of our output has gone away (triage … | head): not a fault
        sys.stderr.close()
        sys.exit(0)
    except (OperatorError, TriageError) as error:
        complain(error)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
