"""What shall happen to a mail: pure, from what it says and what is known, to a `Decision`.

The order of the questions is the order of this file: is it ours, a machine's, a copy? Does it belong to a case? Does
it dispute a bill, and how sure are we? What do the admin's rules say? Effects happen elsewhere.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from triage.cases.actions import (
    Acknowledge,
    Action,
    AddToCase,
    CallPerson,
    Decision,
    FollowUp,
    HoldForReview,
    OpenCase,
    Outcome,
    RecordBounce,
    SettleLetter,
)
from triage.cases.calendar import Calendar
from triage.cases.clocks import Pack
from triage.cases.followups import due_dates
from triage.cases.known import Known, KnownCase
from triage.cases.lifecycle import UNFINISHED
from triage.cases.routing import Effects, Routing, Rule, facts_of, route
from triage.cases.threads import Belonging, belonging
from triage.mail.authentication import Trust
from triage.mail.automatic import Automatic
from triage.mail.message import Address, Message
from triage.records.claim import Consulted
from triage.understanding.findings import LANGUAGES, Band, Understanding

#: labels of machine mail that says nothing about a bill; other machines (a web form, a list) may carry a complaint
_SILENT = frozenset({"bounce", "auto_reply", "mdn", "feedback", "loop"})
#: so many mails with the same words in a day are a storm, whoever they claim to be from
_STORM = 20


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How a mail reached us, as far as deciding needs it."""

    mailbox: str
    #: INTERNALDATE: clocks start here
    arrived: datetime
    folder: str = ""
    #: the addresses of the mailbox it came to, in lower case
    addresses: frozenset[str] = frozenset()
    #: True when only its beginning was fetched
    truncated: bool = False
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The site's settings, as far as deciding needs them."""

    #: probability from which on the daemon writes by itself
    auto_threshold: float
    #: probability from which on a person looks
    review_threshold: float
    acknowledge: Literal["auto", "approve", "off"] = "auto"
    letters_per_sender_per_day: int = 5
    max_age: timedelta = timedelta(days=7)
    calendar: Calendar
    clocks: Pack
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Incoming:
    """All that is known of the mail that is being decided."""

    message: Message
    understood: Understanding
    known: Known
    arrival: Arrival
    trust: Trust
    now: datetime
    records: Consulted | None


def decide(
    message: Message,
    understood: Understanding,
    known: Known,
    policy: Policy,
    *,
    arrival: Arrival,
    trust: Trust,
    now: datetime,
    records: Consulted | None = None,
) -> Decision:
    """What shall happen to this mail. `records` are for the rules alone: None where there is no ledger.

    `now` and `arrival.arrived` carry their zones. Nothing is done here; rules that missed are in the answer too.
    """
    settled = _about_ourselves(understood.automatic, known) or _seen_before(known)
    if settled is not None:
        return settled
    if understood.automatic.label in _SILENT:
        return _nothing("ignored", f"{understood.automatic.label}: {understood.automatic.why}")
    mail = _Incoming(
        message=message, understood=understood, known=known, arrival=arrival, trust=trust, now=now, records=records
    )
    band, why = _band(understood, policy)
    belongs = belonging(message, known, disputes=band != "none")
    routing = route(policy.rules, _facts(mail, belongs, band))
    if routing.band(band) != band:
        band, why = routing.band(band), f"the rules say {routing.band(band)}, though {why}"
    if belongs.case is not None and band != "none" and belongs.case.state == "voided":
        # nobody looks into a case that was no dispute
        belongs = Belonging(doubtful=True, why=f"{belongs.why}, which was found to be no dispute")
    if belongs.case is not None:
        return _join(belongs.case, belongs.why, band, routing, understood)
    if band == "none" and not belongs.doubtful:
        return _nothing("taken", f"no dispute: {why}", routing=routing)
    doubts = _doubts(mail, belongs, routing, policy)
    if doubts:
        why = "; ".join(doubts if band == "auto" else (why, *doubts))
        band = "review"
    return _open(mail, band, why, routing, policy)


def _about_ourselves(automatic: Automatic, known: Known) -> Decision | None:
    if known.own_letter is not None:
        why = f"a copy of our own letter to {known.own_letter.recipient}"
        return _nothing("ignored", why, actions=(SettleLetter(letter_id=known.own_letter.id),))
    letter = known.answered_letter
    if automatic.label != "bounce" or letter is None:
        return None
    hard = automatic.hard is not False
    actions: list[Action] = [
        AddToCase(case_id=letter.case_id, why="our letter came back", customer_wrote=False),
        RecordBounce(
            letter_id=letter.id,
            case_id=letter.case_id,
            recipient=automatic.recipient or letter.recipient,
            code=automatic.dsn or "",
            hard=automatic.hard,
        ),
    ]
    if hard:
        actions.append(
            CallPerson(kind="bounce", subject=str(letter.case_id), why=f"our letter came back: {automatic.why}")
        )
    return _nothing("taken", f"our letter came back: {automatic.why}", actions=tuple(actions))


def _seen_before(known: Known) -> Decision | None:
    seen = known.same_message or known.same_words
    if seen is None:
        return None
    what = "the same Message-ID and words" if known.same_message else "the same words from the same sender"
    where = f" in {seen.case_reference}" if seen.case_reference else ""
    joined: tuple[Action, ...] = ()
    if seen.case_id is not None:
        joined = (AddToCase(case_id=seen.case_id, why=f"a copy: {what}", customer_wrote=False),)
    arrived = f"{seen.arrived.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return _nothing("duplicate", f"{what} as a mail of {arrived} in {seen.mailbox}{where}", actions=joined)


def _nothing(
    outcome: Outcome, why: str, *, actions: tuple[Action, ...] = (), routing: Routing | None = None
) -> Decision:
    rules = routing.trace if routing is not None else ()
    return Decision(
        outcome=outcome,
        why=why,
        label="other",
        band="none",
        actions=actions,
        rules=rules,
        summary=f"{outcome.capitalize()}: {why}.",
    )


def _hits(routing: Routing) -> str:
    return ", ".join(trace.name for trace in routing.trace if trace.hit)


def _facts(mail: _Incoming, belongs: Belonging, band: Band) -> dict[str, object]:
    return facts_of(
        mail.message,
        mail.understood,
        mailbox=mail.arrival.mailbox,
        folder=mail.arrival.folder,
        size=mail.arrival.size,
        band=band,
        sender_known=mail.known.sender_known,
        sender_trust=mail.trust.verdict,
        joins=belongs.case.reference if belongs.case is not None else "",
        records=mail.records,
    )


def _band(understood: Understanding, policy: Policy) -> tuple[Band, str]:
    verdict = understood.verdict
    if verdict is None:
        return "review", "it could not be read by a machine"
    score = f"probability {verdict.probability:.2f}"
    if understood.language == "other":
        return "review", f"its language is none of {', '.join(LANGUAGES)} ({score})"
    if verdict.probability >= policy.auto_threshold:
        return "auto", f"{score}, {verdict.reason}"
    if verdict.probability >= policy.review_threshold:
        return "review", f"{score} is between the two thresholds"
    return "none", f"{score} is under {policy.review_threshold:.2f}"


def _doubts(mail: _Incoming, belongs: Belonging, routing: Routing, policy: Policy) -> tuple[str, ...]:
    """Everything that speaks against writing to this sender unasked, in plain words."""
    message, automatic, arrival = mail.message, mail.understood.automatic, mail.arrival
    addressed = {address.address for address in (*message.to, *message.cc)}
    questions = (
        (automatic.suppress, f"it looks automatic ({automatic.why})"),
        (belongs.doubtful, belongs.why),
        (not reply_address(message).address, "it has no address to answer"),
        (mail.trust.verdict == "fail", f"its sender is not who it says ({mail.trust.why})"),
        (message.encrypted, "it is encrypted"),
        (
            bool(arrival.addresses) and not addressed & arrival.addresses,
            "it was not addressed to us but forwarded or blind-copied",
        ),
        (mail.now - arrival.arrived > policy.max_age, f"it is older than {policy.max_age.days} days"),
        (mail.known.repeats >= _STORM, f"the same words came {mail.known.repeats} times within a day"),
        (routing.effects.review, f"a rule asks for a person: {_hits(routing)}"),
    )
    return tuple(why for doubt, why in questions if doubt)


def _join(case: KnownCase, why: str, band: Band, routing: Routing, understood: Understanding) -> Decision:
    # a "thank you" must not reopen what is settled; a customer who still contests must
    stirs = not understood.automatic.suppress and (case.state in UNFINISHED or band != "none")
    return Decision(
        outcome="taken",
        why=why,
        label="other" if band == "none" else "dispute",
        band=band,
        actions=(AddToCase(case_id=case.id, why=why, customer_wrote=stirs),),
        rules=routing.trace,
        summary=f"Joins {case.reference}: {why}.",
    )


def _open(mail: _Incoming, band: Band, why: str, routing: Routing, policy: Policy) -> Decision:
    verdict, effects = mail.understood.verdict, routing.effects
    reason = verdict.reason if verdict is not None else "other"
    if mail.arrival.truncated:
        why += f"; only the beginning of its {mail.arrival.size / 1024 / 1024:.0f} MB was read"
    actions: list[Action] = [
        OpenCase(
            state="open" if band == "auto" else "review",
            reason=reason,
            priority=effects.priority or "normal",
            assignee=effects.assign or "",
            tags=(*effects.tags, "read_in_part") if mail.arrival.truncated else effects.tags,
        )
    ]
    end = f"a person decides: {why}"
    if band != "auto":
        actions.append(HoldForReview(why=why))
    elif policy.acknowledge == "off" or effects.never_acknowledge:
        end = f"{why}; not acknowledged"
    else:
        letter = _acknowledgement(mail, effects, policy)
        actions += letter
        end = f"{why}; acknowledged" if not letter[0].held else f"{why}; the letter waits: {letter[0].held}"
    actions += follow_ups(policy, opened=mail.arrival.arrived)
    if mail.known.repeats >= _STORM:
        storm = f"{mail.known.repeats} mails with the same words"
        actions.append(CallPerson(kind="storm", subject=mail.message.sender.address, why=storm))
    return Decision(
        outcome="taken",
        why=why,
        label="dispute",
        band=band,
        actions=tuple(actions),
        rules=routing.trace,
        summary=f"Opens a case ({reason.replace('_', ' ')}): {end}.",
    )


def _acknowledgement(mail: _Incoming, effects: Effects, policy: Policy) -> tuple[Acknowledge, *tuple[CallPerson, ...]]:
    to = reply_address(mail.message)
    held = _held(policy)
    alarm: tuple[CallPerson, ...] = ()
    if mail.known.letters_to_sender >= policy.letters_per_sender_per_day:
        held = f"{mail.known.letters_to_sender} letters were written to this address within a day"
        alarm = (CallPerson(kind="sender_cap", subject=to.address, why=held),)
    letter = Acknowledge(
        recipient=to.address,
        recipient_name=to.name,
        language=mail.understood.language,
        template=effects.letter or "acknowledgement",
        delicate=effects.delicate,
        held=held,
    )
    return letter, *alarm


def _held(policy: Policy) -> str:
    """Why every letter waits, "" where they go by themselves."""
    return "a person releases each letter" if policy.acknowledge == "approve" else ""


def acknowledgement_on_request(message: Message, understood: Understanding, policy: Policy) -> Acknowledge | None:
    """The acknowledgement after a person's yes: no machine, and nobody without an address, gets one.

    A yes says that it is a dispute; where a person releases each letter, this one waits for its release as well.
    """
    to = reply_address(message)
    if policy.acknowledge == "off" or understood.automatic.suppress or not to.address:
        return None
    return Acknowledge(recipient=to.address, recipient_name=to.name, language=understood.language, held=_held(policy))


def decide_on_request(
    message: Message, understood: Understanding, policy: Policy, *, arrival: Arrival, reason: str, actor: str
) -> Decision:
    """What shall happen to a mail that a person calls a dispute, whatever the model and the rules made of it."""
    letter = acknowledgement_on_request(message, understood, policy)
    why = f"{actor} says that it is a dispute"
    actions: list[Action] = [OpenCase(state="open", reason=reason, priority="normal", assignee="", tags=())]
    end = why
    if letter is not None:
        actions.append(letter)
        end = f"{why}; the letter waits: {letter.held}" if letter.held else f"{why}; acknowledged"
    actions += follow_ups(policy, opened=arrival.arrived)
    return Decision(
        outcome="taken",
        why=why,
        label="dispute",
        band=_band(understood, policy)[0],
        actions=tuple(actions),
        rules=(),
        summary=f"Opens a case ({reason.replace('_', ' ')}): {end}.",
    )


def follow_ups(policy: Policy, *, opened: datetime) -> list[FollowUp]:
    """The checks that a new case puts in the diary."""
    plans = due_dates(policy.clocks, opened, policy.calendar)
    return [
        FollowUp(kind=plan.kind, due=plan.due, why=plan.why, effect=plan.effect, start=plan.start) for plan in plans
    ]


def reply_address(message: Message) -> Address:
    """Whom an answer goes to: Reply-To where its domain is that of From, else From.

    A Reply-To elsewhere would let a stranger aim our letters at a third party (backscatter).
    """
    domain = message.sender.address.rpartition("@")[2]
    fitting = [
        address for address in message.reply_to if address.address and address.address.rpartition("@")[2] == domain
    ]
    return fitting[0] if fitting else message.sender
