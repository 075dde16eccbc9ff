"""What shall happen to a mail: each question of deciding, and the order of the questions."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from furnished import DESK, MONDAY

from triage.cases.actions import (
    Acknowledge,
    AddToCase,
    CallPerson,
    Decision,
    FollowUp,
    HoldForReview,
    OpenCase,
    RecordBounce,
    SettleLetter,
)
from triage.cases.calendar import business_calendar
from triage.cases.clocks import load_pack
from triage.cases.decide import Arrival, Policy, acknowledgement_on_request, decide, reply_address
from triage.cases.known import Known, KnownCase, KnownLetter, Sighting
from triage.cases.routing import load_routing
from triage.mail.authentication import Trust
from triage.mail.automatic import Automatic
from triage.mail.message import Address, Message
from triage.understanding.findings import Understanding, Verdict

RULES = Path(__file__).parents[2] / "rules"
ANA = Address(name="Ana", address="ana@example.org")
HUMAN = Automatic(suppress=False, label="human", why="no sign of a machine")
POLICY = Policy(
    auto_threshold=0.9,
    review_threshold=0.4,
    calendar=business_calendar("UTC"),
    clocks=load_pack(RULES / "clocks.toml"),
)
MESSAGE = Message(
    message_id="<1@example.org>",
    subject="My invoice",
    sender=ANA,
    to=(Address(address=DESK),),
    text="I was charged twice.",
    reply="I was charged twice.",
)
LETTER = KnownLetter(id=5, case_id=7, message_id="<ack@example.com>", recipient="ana@example.org")
CASE = KnownCase(id=7, reference="DSP-2026-000007-8", state="open", participants=frozenset({"ana@example.org"}))


def understood(probability: float | None = 0.97, automatic: Automatic = HUMAN, language: Any = "en") -> Understanding:
    reasons = {"duplicate_charge": 0.8, "other": 0.2}
    verdict = None if probability is None else Verdict(probability=probability, reasons=reasons)
    return Understanding(automatic=automatic, language=language, verdict=verdict)


def decided(
    what: Understanding | None = None,
    *,
    message: Message = MESSAGE,
    known: Known | None = None,
    policy: Policy = POLICY,
    trust: str = "none",
    **arrival: Any,
) -> Decision:
    how = {"mailbox": "support", "arrived": MONDAY, "addresses": frozenset({DESK})} | arrival
    return decide(
        message,
        what or understood(),
        known or Known(),
        policy,
        arrival=Arrival(**how),
        trust=Trust(verdict=trust, why="the site's server says so"),
        now=MONDAY + timedelta(minutes=1),
    )


def kinds(decision: Decision) -> list[type]:
    """The kinds of action, follow-ups left out."""
    return [type(action) for action in decision.actions if not isinstance(action, FollowUp)]


def test_a_sure_dispute_opens_a_case_is_acknowledged_and_followed_up() -> None:
    """In this order; clocks start when the mail reached the server."""
    decision = decided()
    assert (decision.outcome, decision.label, decision.band) == ("taken", "dispute", "auto")
    assert kinds(decision) == [OpenCase, Acknowledge]
    opened, letter = decision.actions[:2]
    assert isinstance(opened, OpenCase)
    assert isinstance(letter, Acknowledge)
    assert (opened.state, opened.reason) == ("open", "duplicate_charge")
    assert (letter.recipient, letter.language, letter.held) == ("ana@example.org", "en", "")
    assert {action.start for action in decision.actions if isinstance(action, FollowUp)} == {MONDAY}


@pytest.mark.parametrize(
    ("probability", "band"),
    [(1.0, "auto"), (0.9, "auto"), (0.89, "review"), (0.4, "review"), (0.39, "none"), (0, "none")],
)
def test_the_bands_begin_at_their_thresholds(probability: float, band: str) -> None:
    """At or over."""
    assert decided(understood(probability)).band == band


def test_no_dispute_is_taken_and_does_nothing() -> None:
    """It is in the books with its reason."""
    decision = decided(understood(0.1))
    assert (decision.outcome, decision.label, decision.actions) == ("taken", "other", ())
    assert "0.10" in decision.why


def test_an_unsure_mail_waits_for_a_person_with_the_reason() -> None:
    """Nothing is sent."""
    decision = decided(understood(0.6))
    assert kinds(decision) == [OpenCase, HoldForReview]
    assert decision.actions[0] == OpenCase(state="review", reason="duplicate_charge")


DOUBTS: list[tuple[str, dict[str, Any], str]] = [
    ("automatic", {"what": understood(automatic=replace(HUMAN, suppress=True, label="auto_other"))}, "automatic"),
    ("language", {"what": understood(language="other")}, "language"),
    ("unread", {"what": understood(None)}, "could not be read"),
    ("no address", {"message": replace(MESSAGE, sender=Address())}, "no address"),
    ("forged", {"trust": "fail"}, "not who it says"),
    ("encrypted", {"message": replace(MESSAGE, encrypted=True)}, "encrypted"),
    ("blind copy", {"message": replace(MESSAGE, to=(Address(address="list@x.example"),))}, "not addressed to us"),
    ("old", {"arrived": MONDAY - timedelta(days=8)}, "older than 7 days"),
    ("storm", {"known": Known(repeats=20)}, "20 times"),
    ("stranger", {"known": Known(by_reference=replace(CASE, participants=frozenset()))}, "never written there"),
    ("voided", {"known": Known(thread=replace(CASE, state="voided"))}, "found to be no dispute"),
]


@pytest.mark.parametrize(("arguments", "why"), [case[1:] for case in DOUBTS], ids=[case[0] for case in DOUBTS])
def test_each_doubt_brings_a_sure_dispute_to_a_person(arguments: dict[str, Any], why: str) -> None:
    """Unsure means a person: no letter, and the doubt in words."""
    decision = decided(arguments.pop("what", None), **arguments)
    assert decision.band == "review"
    assert Acknowledge not in kinds(decision)
    (hold,) = [action for action in decision.actions if isinstance(action, HoldForReview)]
    assert why in hold.why


def test_a_storm_calls_a_person() -> None:
    """Once: alarms of one kind and subject are one."""
    assert CallPerson in kinds(decided(known=Known(repeats=20)))


@pytest.mark.parametrize("label", ["bounce", "auto_reply", "mdn", "feedback", "loop"])
def test_machines_that_say_nothing_about_bills_are_ignored(label: Any) -> None:
    """Whatever words they contain."""
    decision = decided(understood(0.99, Automatic(suppress=True, label=label, why="a sign")))
    assert (decision.outcome, decision.actions) == ("ignored", ())


def test_a_copy_of_our_own_letter_settles_it() -> None:
    """Before any other question: it may look like a dispute, or like a machine."""
    decision = decided(known=Known(own_letter=LETTER, thread=CASE))
    assert decision.outcome == "ignored"
    assert decision.actions == (SettleLetter(letter_id=5),)


@pytest.mark.parametrize(("hard", "called"), [(True, True), (None, True), (False, False)])
def test_a_bounce_of_our_letter_is_noted_with_its_case(hard: bool | None, called: bool) -> None:
    """One that passes calls nobody."""
    bounce = Automatic(suppress=True, label="bounce", why="a report", dsn="5.1.1", hard=hard)
    decision = decided(understood(None, bounce), known=Known(answered_letter=LETTER))
    assert kinds(decision)[:2] == [AddToCase, RecordBounce]
    assert (CallPerson in kinds(decision)) == called


def test_an_answer_to_our_letter_is_no_bounce() -> None:
    """Only bounces are asked about it."""
    assert RecordBounce not in kinds(decided(known=Known(answered_letter=LETTER)))


@pytest.mark.parametrize("which", ["same_message", "same_words"])
def test_a_copy_is_a_duplicate_and_joins_the_case_of_the_first(which: str) -> None:
    """Without stirring it: the customer has not written again."""
    seen = Sighting(mail_id=1, mailbox="sales", case_id=7, case_reference=CASE.reference, arrived=MONDAY)
    decision = decided(known=Known(**{which: seen}))
    assert decision.outcome == "duplicate"
    (action,) = decision.actions
    assert isinstance(action, AddToCase)
    assert not action.customer_wrote
    alone = replace(seen, case_id=None, case_reference=None)
    assert decided(known=Known(**{which: alone})).actions == ()


@pytest.mark.parametrize(
    ("state", "probability", "stirs"),
    [
        ("open", 0.1, True),
        ("waiting_customer", 0.1, True),
        ("resolved", 0.1, False),
        ("resolved", 0.97, True),
        ("closed", 0.1, False),
    ],
)
def test_a_mail_of_a_case_joins_it_and_stirs_it_where_that_means_work(
    state: Any, probability: float, stirs: bool
) -> None:
    """ "Thank you" does not reopen what is settled; a customer who still contests does."""
    decision = decided(understood(probability), known=Known(thread=replace(CASE, state=state)))
    (action,) = decision.actions
    assert isinstance(action, AddToCase)
    assert (action.case_id, action.customer_wrote) == (7, stirs)


def test_approve_holds_every_letter_and_off_writes_none() -> None:
    """The case opens all the same."""
    held = decided(policy=replace(POLICY, acknowledge="approve")).actions[1]
    assert isinstance(held, Acknowledge)
    assert held.held
    assert kinds(decided(policy=replace(POLICY, acknowledge="off"))) == [OpenCase]


def test_a_customer_over_the_daily_cap_waits_and_a_person_is_called() -> None:
    """The letter is held, not dropped."""
    decision = decided(known=Known(letters_to_sender=5))
    assert kinds(decision) == [OpenCase, Acknowledge, CallPerson]
    letter = decision.actions[1]
    assert isinstance(letter, Acknowledge)
    assert "5 letters" in letter.held


def test_the_shipped_rules_bring_a_lawyers_letter_to_a_person() -> None:
    """Hits and misses are both on the record."""
    policy = replace(POLICY, rules=load_routing(RULES / "routing.toml"))
    text = "My lawyer will take legal action: I was charged twice."
    decision = decided(message=replace(MESSAGE, text=text, reply=text), policy=policy)
    assert decision.band == "review"
    assert any(trace.hit for trace in decision.rules)
    assert any(not trace.hit for trace in decision.rules)


def test_where_a_person_releases_each_letter_a_yes_is_no_release() -> None:
    """The letter of a confirmed case waits as any other."""
    letter = acknowledgement_on_request(MESSAGE, understood(0.5), replace(POLICY, acknowledge="approve"))
    assert letter is not None
    assert letter.held == "a person releases each letter"


def test_a_persons_yes_sends_a_letter_but_never_to_a_machine_or_to_nobody() -> None:
    """Nor where the site writes none."""
    assert acknowledgement_on_request(MESSAGE, understood(0.5), POLICY) is not None
    machine = understood(0.5, Automatic(suppress=True, label="auto_other", why=""))
    assert acknowledgement_on_request(MESSAGE, machine, POLICY) is None
    assert acknowledgement_on_request(replace(MESSAGE, sender=Address()), understood(0.5), POLICY) is None
    assert acknowledgement_on_request(MESSAGE, understood(0.5), replace(POLICY, acknowledge="off")) is None


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [
        ((), "ana@example.org"),
        (("desk@example.org",), "desk@example.org"),
        (("victim@other.example",), "ana@example.org"),
    ],
)
def test_an_answer_goes_to_reply_to_only_within_the_senders_domain(reply_to: tuple[str, ...], expected: str) -> None:
    """Elsewhere it would aim our letters at a third party."""
    message = replace(MESSAGE, reply_to=tuple(Address(address=address) for address in reply_to))
    assert reply_address(message).address == expected
