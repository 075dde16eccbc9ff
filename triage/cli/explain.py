"""`triage explain`: what would happen to a mail, and why, with no effect."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from triage.cases.decide import Arrival, decide
from triage.cases.known import Known
from triage.cli.common import JsonOption, app, complain, house_of, out, place_of, print_json, print_json_lines
from triage.errors import MailTooComplex, NotFound, OperatorError, TriageError
from triage.explanation import FIELDS, explanation, failure, records_part
from triage.house import House
from triage.mail.automatic import Own
from triage.mail.message import Message, message_from_text, parse
from triage.understanding.understand import EVERYTHING, Step, Understander

#: field → what must be understood for it; "decision" needs all
_STEPS: dict[str, frozenset[Step]] = {
    "message": frozenset({"language"}),
    "automatic": frozenset({"automatic"}),
    "findings": frozenset({"findings", "language"}),
    "dispute": EVERYTHING,
    "decision": EVERYTHING,
}


@app.command()
def explain(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE.eml…", help="Mails to explain.")] = None,
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl",
            help='Read JSON objects from standard input, a line each: {"id", "path"} or {"id", "text", "subject"?}; '
            "answer each with a line.",
        ),
    ] = False,
    fields: Annotated[
        str,
        typer.Option(help=f"Only these parts, by commas: {', '.join(FIELDS)}. What they do not need is not loaded."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """What would happen to a mail, and why. Nothing is sent, kept or changed.

    [bold]triage explain complaint.eml[/bold] tells it in words, [bold]--json[/bold] as one JSON object a mail. A file
    that cannot be read is named, the others are explained, and the exit code is 2.
    """
    wanted = tuple(name.strip() for name in fields.split(",") if name.strip()) or FIELDS
    unknown = [name for name in wanted if name not in FIELDS]
    if unknown:
        raise OperatorError(f"--fields: there is no {', '.join(unknown)}; choose from {', '.join(FIELDS)}")
    if bool(files) == jsonl:
        raise OperatorError("name .eml files, or give --jsonl and write JSON lines to standard input")
    with house_of(context) as house:
        explainer = Explainer(house, wanted)
        if jsonl:
            print_json_lines(_answers(explainer, sys.stdin.buffer))
            return
        failed = False
        for path in files or []:
            try:
                answer = explainer.explain(str(path), mail_of(path))
            except (NotFound, MailTooComplex) as error:
                failed = True
                complain(error)
                answer = failure(str(path), str(error))
            if as_json:
                print_json(answer)
            elif answer["ok"]:
                _tell(answer)
    if failed:
        raise typer.Exit(2)


class Explainer:
    """The rooms that these fields need, and nothing more."""

    def __init__(self, house: House, fields: Sequence[str]) -> None:
        self._house = house
        self._fields = fields
        self._steps = frozenset(step for name in fields for step in _STEPS[name])
        self._decides = bool({"dispute", "decision"} & set(fields))
        self._understander = (
            house.understander
            if self._decides
            else Understander(
                own=house.own,
                classifier=None,
                extractor=house.extractor if "findings" in self._steps else None,
                rules="",
            )
        )

    def explain(
        self, identity: str, message: Message, own: Own | None = None, hint: str | None = None
    ) -> dict[str, Any]:
        """The explanation of one mail, as if it were the first that anybody sent."""
        house = self._house
        understood = self._understander.understand(
            [message], hints=[hint], own=[own] if own else (), steps=self._steps
        )[0]
        decision = records = None
        if self._decides:
            understood = house.with_details(message, understood)
            now = datetime.now(UTC)
            records = house.consult(message, understood, arrived=now)
            if records is not None:
                understood = replace(understood, findings=records.findings, disputed=records.disputed)
            arrival = Arrival(mailbox="", arrived=now)
            decision = decide(
                message,
                understood,
                Known(),
                house.policy,
                arrival=arrival,
                trust=house.trust(message),
                now=now,
                records=records,
            )
        answer = explanation(identity, message, understood, decision, self._fields)
        if house.settings.ledger is not None and "decision" in self._fields:
            answer["records"] = records_part(records)
        return answer


def _answers(explainer: Explainer, lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        identity = f"line {number}"
        try:
            row = json.loads(line)
            identity = str(row["id"])
            answer = _answer(explainer, identity, row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            answer = failure(identity, f'not an object with "id" and "path" or "text": {type(error).__name__}: {error}')
        except TriageError as error:
            answer = failure(identity, str(error))
        except Exception as error:  # noqa: BLE001 - one answer for each line, whatever the input
            answer = failure(identity, f"{type(error).__name__}: {error}")
        yield answer


def _answer(explainer: Explainer, identity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    addresses, domains = row.get("own_addresses") or (), row.get("own_domains") or ()
    own = Own(
        addresses=frozenset(str(address).lower() for address in addresses),
        domains=frozenset(str(domain).lower() for domain in domains),
    )
    if "path" in row:
        return explainer.explain(identity, mail_of(Path(row["path"])), own)
    language = row.get("language")
    message = message_from_text(
        str(row["text"]),
        subject=str(row.get("subject") or ""),
        content_type=str(row.get("content_type") or "text/plain"),
        language=language,
    )
    return explainer.explain(identity, message, own, language)


def mail_of(path: Path) -> Message:
    """The mail that a file holds. Raises NotFound, or MailTooComplex, each with the file's name."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    except MailTooComplex as error:
        raise MailTooComplex(f"{path}: {error}") from error


def _tell(answer: Mapping[str, Any]) -> None:
    """An explanation in words."""
    out.print(f"[bold]{escape(answer['id'])}[/bold]")
    for name, tell in (
        ("message", _tell_message),
        ("automatic", _tell_automatic),
        ("dispute", _tell_dispute),
        ("findings", _tell_findings),
        ("records", _tell_records),
        ("decision", _tell_decision),
    ):
        if answer.get(name):
            tell(answer[name])
    out.print()


def _line(label: str, text: str) -> None:
    out.print(f"  [dim]{label:<10}[/dim] {escape(text)}", soft_wrap=True)


def _tell_message(message: Mapping[str, Any]) -> None:
    sender = message["from"]
    _line("from", f"{sender['name']} <{sender['address']}>".strip())
    _line("subject", message["subject"])
    _line("language", message["language"])
    words = " ".join(message["reply"].split())
    _line("own words", words if len(words) <= 400 else f"{words[:400]}…")
    for attachment in message["attachments"]:
        _line(
            "attached",
            f"{attachment['filename'] or 'unnamed'} ({attachment['content_type']}) {attachment['note']}".strip(),
        )
    for problem in message["problems"]:
        _line("problem", problem)


def _tell_automatic(automatic: Mapping[str, Any]) -> None:
    _line("written by", f"{automatic['label']}: {automatic['why']}")


def _tell_dispute(dispute: Mapping[str, Any]) -> None:
    if dispute["probability"] is None:
        _line("dispute", "not scored")
        return
    _line("dispute", f"{dispute['probability']:.3f} → {dispute['band']}, {dispute['reason']} ({dispute['model']})")
    for words in dispute["evidence"]:
        _line("because", f"“{' '.join(words['text'].split())}”")
    amount = dispute["disputed_amount"]
    if amount:
        _line("contested", f"{amount['value']} {amount['currency'] or ''} ({amount['how']})")


def _tell_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    for finding in findings:
        role = f", {finding['role']}" if finding["role"] else ""
        value = f"{finding['value']} {finding['currency'] or ''}".strip()
        others = f" (or {', '.join(finding['alternatives'])})" if finding["alternatives"] else ""
        _line(finding["kind"], f"“{finding['text']}” = {value}{others}{role}, in {place_of(finding)}")


def _tell_records(records: Mapping[str, Any]) -> None:
    for record in records["findings"]:
        _line("records", record["says"])
    _line("verdict", f"{records['verdict']} by the ledger")


def _tell_decision(decision: Mapping[str, Any]) -> None:
    for rule in decision["rules"]:
        _line("rule", f"{'hit ' if rule['hit'] else 'miss'} {rule['name']}: {rule['why']}")
    _line("so", decision["summary"])
    _line("actions", ", ".join(decision["actions"]) or "none")
