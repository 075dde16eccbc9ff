"""`triage cases` and `triage review`: the agents' work."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from triage import on_request
from triage.cases.lifecycle import RESOLUTIONS, STATES, UNFINISHED, Move, Resolution
from triage.cli.common import JsonOption, actor, house_of, moment, out, place_of, print_json, print_json_lines, tally
from triage.config.settings import Settings
from triage.errors import OperatorError
from triage.house import House
from triage.mail.message import parse
from triage.store.views import CaseLine, CaseView, DiaryLine, MailLine
from triage.understanding.findings import REASONS

app = typer.Typer(no_args_is_help=True, help="Work cases: the queue, one case whole, and every move.")
review_app = typer.Typer(no_args_is_help=True, help="The unsure ones: a person says whether it is a dispute.")

Reference = Annotated[str, typer.Argument(metavar="DSP-…", help="The case's reference.")]


@app.command("list")
def list_cases(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help=f"Only these states: {', '.join(STATES)}.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Finished ones too.")] = False,
    assignee: Annotated[str | None, typer.Option(help="Only this person's; '' for nobody's.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only mine.")] = False,
    search: Annotated[str, typer.Option(help="In reference, customer and subject.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """The queue, most pressing first."""
    unknown = sorted(set(state or ()) - set(STATES))
    if unknown:
        raise OperatorError(f"there is no state {', '.join(unknown)}; choose from {', '.join(STATES)}")
    states = tuple(state or (() if everything else sorted(UNFINISHED)))
    with house_of(context) as house:
        asked = {"states": states, "assignee": actor() if mine else assignee, "search": search}
        _print_cases("Cases", house, asked, limit, as_json=as_json)


@app.command()
def show(
    context: typer.Context,
    reference: Reference,
    mail: Annotated[bool, typer.Option("--mail", help="Print every mail of the case too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """One case whole: claim, evidence, findings, letters, diary, history."""
    with house_of(context) as house:
        case = house.store.cases.show(reference)
        texts = [_text_of(house, each) for each in case.mails] if mail else []
        if as_json:
            mails = [{**vars(each), "text": text} for each, text in zip(case.mails, texts, strict=False)]
            print_json(_case_json(case) | ({"mails": mails} if mail else {}))
        else:
            _tell_case(case, texts, house.settings)


@app.command("open")
def open_case(
    context: typer.Context,
    mail: Annotated[
        str, typer.Argument(metavar="MESSAGE-ID|MAILBOX/UID", help="As triage account --json prints them.")
    ],
    reason: Annotated[str, typer.Option(help=f"What is contested: {', '.join(REASONS)}; left out = the model's.")] = "",
) -> None:
    """Open a case for a mail that was not taken for a dispute; it is acknowledged like others, and the model learns."""
    if reason and reason not in REASONS:
        raise OperatorError(f"there is no reason {reason}; choose from {', '.join(REASONS)}")
    with house_of(context) as house:
        reference = on_request.open_case(house, mail, reason=reason, actor=actor())
        _done(reference, f"opened; {_acknowledged(house, reference)}")


@app.command()
def assign(
    context: typer.Context, reference: Reference, to: Annotated[str, typer.Argument(help="Who works it; '' = nobody.")]
) -> None:
    """Give a case to someone."""
    with house_of(context) as house:
        house.store.cases.assign(reference, to, actor=actor(), now=house.now())
    _done(reference, f"assigned to {to}" if to else "back in the queue")


@app.command()
def note(context: typer.Context, reference: Reference, text: Annotated[str, typer.Argument(help="The note.")]) -> None:
    """Write an internal note; the customer never sees it."""
    _refuse_empty(text, "the note")
    with house_of(context) as house:
        house.store.cases.note(reference, text, actor=actor(), now=house.now())
    _done(reference, "noted")


@app.command()
def tag(
    context: typer.Context,
    reference: Reference,
    tag: Annotated[str, typer.Argument(help="A word of yours; legal-hold keeps the case from triage retention.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it off.")] = False,
) -> None:
    """Put a tag on a case."""
    _refuse_empty(tag, "the tag")
    with house_of(context) as house:
        house.store.cases.tag(reference, tag.strip(), on=not remove, actor=actor(), now=house.now())
    _done(reference, f"no longer tagged {tag.strip()}" if remove else f"tagged {tag.strip()}")


@app.command()
def move(
    context: typer.Context,
    reference: Reference,
    to: Annotated[str, typer.Argument(help="look, ask_customer, ask_internal, close or reject.")],
    text: Annotated[str, typer.Option(help="A word for the history.")] = "",
) -> None:
    """Move a case along its life cycle."""
    moves: dict[str, Move] = {
        "look": "look",
        "ask_customer": "ask_customer",
        "ask_internal": "ask_internal",
        "close": "close",
        "reject": "reject",
    }
    if to not in moves:
        raise OperatorError(f"there is no move {to}; choose from {', '.join(moves)}")
    with house_of(context) as house:
        state = house.store.cases.move(reference, moves[to], actor=actor(), now=house.now(), text=text)
    _done(reference, f"now {state.replace('_', ' ')}")


@app.command()
def answered(context: typer.Context, reference: Reference) -> None:
    """Note that the customer has been answered by a person."""
    with house_of(context) as house:
        house.store.cases.answered(reference, actor=actor(), now=house.now())
    _done(reference, "answered")


@app.command()
def resolve(
    context: typer.Context,
    reference: Reference,
    resolution: Annotated[str, typer.Argument(help=", ".join(RESOLUTIONS))],
    root_cause: Annotated[str, typer.Option(help="What went wrong on our side; internal, and needed to learn from.")],
    text: Annotated[str, typer.Option(help="A word for the history.")] = "",
) -> None:
    """End a case with its outcome and its cause."""
    known: dict[str, Resolution] = {resolution: resolution for resolution in RESOLUTIONS}
    if resolution not in known:
        raise OperatorError(f"there is no resolution {resolution}; choose from {', '.join(RESOLUTIONS)}")
    _refuse_empty(root_cause, "--root-cause")
    with house_of(context) as house:
        house.store.cases.resolve(
            reference, known[resolution], root_cause=root_cause, actor=actor(), now=house.now(), text=text
        )
    _done(reference, f"resolved: {resolution.replace('_', ' ')}")


@app.command()
def reopen(context: typer.Context, reference: Reference, why: Annotated[str, typer.Option(help="Why.")] = "") -> None:
    """Open a finished case again; one that was rejected before anybody had confirmed it goes back to review."""
    with house_of(context) as house:
        state = house.store.cases.move(reference, "reopen", actor=actor(), now=house.now(), text=why)
        held = any(letter.state == "held" for letter in house.store.cases.show(reference).letters)
    waits = "; its letter waits for triage letters release" if held else ""
    _done(reference, f"{'in review' if state == 'review' else state} again{waits}")


@app.command()
def escalate(context: typer.Context, reference: Reference, why: Annotated[str, typer.Argument(help="Why.")]) -> None:
    """Flag a case for those above; its state stays."""
    _refuse_empty(why, "the reason why")
    with house_of(context) as house:
        house.store.cases.escalate(reference, why, actor=actor(), now=house.now())
    _done(reference, "escalated")


@app.command()
def deescalate(context: typer.Context, reference: Reference, why: Annotated[str, typer.Argument(help="Why.")]) -> None:
    """Take the flag away again; priority and state stay."""
    _refuse_empty(why, "the reason why")
    with house_of(context) as house:
        house.store.cases.deescalate(reference, why, actor=actor(), now=house.now())
    _done(reference, "no longer escalated")


@app.command()
def reason(
    context: typer.Context, reference: Reference, to: Annotated[str, typer.Argument(help=", ".join(REASONS))]
) -> None:
    """Correct the reason of a case."""
    if to not in REASONS:
        raise OperatorError(f"there is no reason {to}; choose from {', '.join(REASONS)}")
    with house_of(context) as house:
        house.store.cases.correct_reason(reference, to, actor=actor(), now=house.now())
    _done(reference, f"reason is {to.replace('_', ' ')}")


@app.command()
def export(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all/--unfinished", help="Every case, or only those at work.")] = True,
) -> None:
    """Every case as JSON, one object a line, with its history: for reports and hand-over."""
    with house_of(context) as house:
        states = () if everything else sorted(UNFINISHED)
        lines = house.store.cases.queue(states=states, limit=house.store.cases.count(states=states))
        print_json_lines(_case_json(house.store.cases.show(line.reference)) for line in lines)


@review_app.command("list")
def list_review(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Cases that wait for a person's yes or no, with the reason why."""
    with house_of(context) as house:
        _print_cases("In review", house, {"states": ("review",)}, limit, as_json=as_json)


@review_app.command()
def confirm(context: typer.Context, reference: Reference) -> None:
    """It is a dispute: the case opens and its acknowledgement goes out, or waits (letters.acknowledge = "approve")."""
    with house_of(context) as house:
        on_request.confirm(house, reference, actor=actor())
        _done(reference, f"confirmed; {_acknowledged(house, reference)}")


@review_app.command()
def reject(
    context: typer.Context,
    reference: Reference,
    why: Annotated[str, typer.Option(help="Why; the model learns from it.")] = "",
) -> None:
    """It is no dispute: the case is voided, and nothing is sent; triage cases reopen takes it back."""
    with house_of(context) as house:
        house.store.cases.move(reference, "reject", actor=actor(), now=house.now(), text=why)
    _done(reference, "voided: no dispute")


def _done(reference: str, what: str) -> None:
    out.print(f"{reference.upper()}: {escape(what)}.", soft_wrap=True)


def _refuse_empty(text: str, what: str) -> None:
    if not text.strip():
        raise OperatorError(f"{what} is empty: say it in words")


def _acknowledged(house: House, reference: str) -> str:
    """What became of the letter that a person's yes sends."""
    case = house.store.cases.show(reference)
    for letter in case.letters:
        if letter.state == "due":
            return "the acknowledgement goes out"
        return f"its letter is {letter.state.replace('_', ' ')}: {letter.why}"
    automatic = case.record.get("automatic") or {}
    if house.policy.acknowledge == "off":
        why = 'acknowledge = "off"'
    elif automatic.get("suppress"):
        why = f"a machine wrote the mail ({automatic['why']})"
    else:
        why = "the mail has no address to answer to"
    return f"no letter goes out: {why}"


def _print_cases(title: str, house: House, asked: Mapping[str, Any], limit: int, *, as_json: bool) -> None:
    """The queue of what is asked for; one that is cut says how many cases there are."""
    lines = house.store.cases.queue(**asked, limit=limit)
    if as_json:
        print_json_lines(lines)
        return
    now = datetime.now(UTC)
    for line in lines:
        _print_case(line, house.settings, now)
    out.print(tally(title, len(lines), house.store.cases.count(**asked)))


def _print_case(line: CaseLine, settings: Settings, now: datetime) -> None:
    """A case in two or three lines that fit a narrow terminal."""
    facts = [line.state, line.reason, f"{line.amount} {line.currency or ''}" if line.amount else "", *line.invoices]
    told = "  ".join(fact.strip().replace("_", " ") for fact in facts if fact.strip())
    flag = " [bold red]![/bold red]" if line.escalated or line.priority in ("high", "urgent") else ""
    out.print(f"[bold]{line.reference}[/bold]{flag}  {escape(told)}", soft_wrap=True)
    who = f"  → {line.assignee}" if line.assignee else ""
    out.print(f"  {escape(f'{line.customer_name or line.customer}: {line.subject}{who}')}", soft_wrap=True)
    if line.review_why:
        out.print(f"  [yellow]a person decides:[/yellow] {escape(line.review_why)}", soft_wrap=True)
    if line.next_due is not None:
        late = "[bold red]overdue[/bold red]" if line.next_due < now else "next"
        due = f"{line.next_kind.replace('_', ' ')} by {moment(line.next_due, settings)}"
        out.print(f"  [dim]{late}: {escape(due)}[/dim]", soft_wrap=True)


def _case_json(case: CaseView) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        **vars(case.line),
        "resolution": case.resolution,
        "root_cause": case.root_cause,
        "tags": case.tags,
        "resolved_at": case.resolved_at,
        "forgotten_at": case.forgotten_at,
        "overdue": case.line.next_due is not None and case.line.next_due < now,
        "mails": case.mails,
        "letters": case.letters,
        "diary": case.diary,
        "events": case.events,
        "record": case.record,
    }


def _text_of(house: House, mail: MailLine) -> str:
    raw = house.store.books.content(mail.id)
    return parse(raw.content, truncated=raw.truncated).text.strip() if raw is not None else ""


def _tell_case(case: CaseView, texts: Sequence[str], settings: Settings) -> None:
    line = case.line
    amount = f"{line.amount} {line.currency or ''}".strip() if line.amount else "no amount"
    out.print(
        f"[bold]{line.reference}[/bold]  {line.state.replace('_', ' ')}  {line.reason.replace('_', ' ')}  {amount}"
    )
    out.print(
        f"{escape(line.customer_name)} <{escape(line.customer)}>  {line.language}  {escape(line.subject)}",
        soft_wrap=True,
    )
    tags = f"  tags: {', '.join(case.tags)}" if case.tags else ""
    out.print(escape(f"priority: {line.priority}  assignee: {line.assignee or 'none'}{tags}"), soft_wrap=True)
    if case.forgotten_at is not None:
        when = moment(case.forgotten_at, settings)
        out.print(f"[dim]names and texts of before {when} were deleted: past their time[/dim]", soft_wrap=True)
    if line.escalated:
        last = next((event for event in reversed(case.events) if event.kind == "escalated"), None)
        why = f" by {last.actor}: {last.text}" if last is not None else ""
        out.print(f"[bold red]escalated[/bold red]{escape(why)}", soft_wrap=True)
    if line.review_why:
        out.print(f"[yellow]a person must decide:[/yellow] {escape(line.review_why)}", soft_wrap=True)
    if case.resolution:
        out.print(f"{case.resolution.replace('_', ' ')}; cause: {escape(case.root_cause)}")
    _tell_record(case)
    for number, (mail, text) in enumerate(zip(case.mails, texts, strict=False), start=1):
        heading = f"{moment(mail.arrived, settings)}  {mail.sender}  {mail.subject}  ({mail.outcome})"
        out.print(f"\n[bold]Mail {number} of {len(texts)}[/bold]  {escape(heading)}", soft_wrap=True)
        out.print(escape(text), soft_wrap=True)
    sections = {
        "Letters": [f"{item.id}  {item.state}  {item.recipient}  {item.why}" for item in case.letters],
        "Diary": [f"{moment(item.due, settings)}  {_told_check(item)}" for item in case.diary],
        "History": [f"{moment(item.at, settings)}  {item.actor}: {item.kind}  {item.text}" for item in case.events],
    }
    for title, told in sections.items():
        out.print(f"\n[bold]{title}[/bold]")
        for row in told or ["none"]:
            out.print(f"  {escape(row)}", soft_wrap=True)


def _told_check(item: DiaryLine) -> str:
    """A check in the diary: what must have happened, or what became of it. The whole sum is in --json."""
    if item.state == "open":
        return f"open  {item.why.splitlines()[0]}"
    return f"ended  {item.kind.replace('_', ' ')}: {item.outcome}"


def _tell_record(case: CaseView) -> None:
    dispute = case.record.get("dispute") or {}
    for words in dispute.get("evidence") or ():
        out.print(f"  because  “{escape(' '.join(words['text'].split()))}”", soft_wrap=True)
    records = case.record.get("records") or {}
    for record in records.get("findings") or ():
        out.print(f"  records  {escape(record.get('says') or record['kind'])}", soft_wrap=True)
    if records:
        by = f"could not be asked: {records['error']}" if records.get("error") else records["verdict"]
        out.print(f"  ledger   {escape(by)}", soft_wrap=True)
    for finding in case.record.get("findings") or ():
        if "value" not in finding:
            # past its time
            continue
        value = f"{finding['value']} {finding['currency'] or ''}".strip()
        role = f", {finding['role']}" if finding["role"] else ""
        told = f"{finding['kind']:<8} “{finding['text']}” = {value}{role}, in {place_of(finding)}"
        out.print(f"  {escape(told)}", soft_wrap=True)
    for attachment in case.record.get("attachments") or ():
        if attachment.get("note"):
            told = f"{attachment['filename'] or 'unnamed'}: {attachment['note']}"
            out.print(f"  attached {escape(told)}", soft_wrap=True)
