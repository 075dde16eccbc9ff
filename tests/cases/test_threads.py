"""Which case a mail belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.known import Known, KnownCase
from triage.cases.lifecycle import reference_of
from triage.cases.threads import belonging, references_in
from triage.mail.message import Address, Message

REFERENCE = reference_of(101, 2026)
ANA = Message(message_id="<1@x>", sender=Address(name="Ana", address="ana@example.org"))


def a_case(number: int = 1, *participants: str) -> KnownCase:
    return KnownCase(
        id=number, reference=reference_of(number, 2026), state="open", participants=frozenset(participants)
    )


def test_the_thread_wins_over_all_other_signs() -> None:
    """Message-IDs are known to correspondents only; subjects are typed."""
    known = Known(thread=a_case(1), by_reference=a_case(2, "ana@example.org"), same_claim=a_case(3))
    assert belonging(ANA, known, disputes=True).case == known.thread


def test_a_reference_joins_who_has_written_in_that_case() -> None:
    """Over the same claim elsewhere."""
    known = Known(by_reference=a_case(2, "ana@example.org"), same_claim=a_case(3))
    assert belonging(ANA, known, disputes=True).case == known.by_reference


def test_a_reference_typed_by_a_stranger_is_doubtful_and_joins_nothing() -> None:
    """Also when the stranger has a case of their own: a person must say."""
    belongs = belonging(ANA, Known(by_reference=a_case(2, "other@example.org"), same_claim=a_case(3)), disputes=True)
    assert (belongs.case, belongs.doubtful) == (None, True)
    assert "never written there" in belongs.why


def test_a_dispute_that_is_read_after_its_answer_joins_the_case_of_the_answer() -> None:
    """Over what its subject says; a mail that disputes nothing would have opened no case, and joins none."""
    known = Known(answered_in=a_case(1), by_reference=a_case(2, "ana@example.org"))
    assert belonging(ANA, known, disputes=True).case == known.answered_in
    assert belonging(ANA, Known(answered_in=a_case(1)), disputes=False).case is None


def test_the_same_claim_joins_and_nothing_known_joins_nothing() -> None:
    """The weakest sign is still one."""
    assert belonging(ANA, Known(same_claim=a_case(3)), disputes=True).case == a_case(3)
    assert belonging(ANA, Known(), disputes=True).case is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Re: [{REFERENCE}] my bill", (REFERENCE,)),
        (f"AW: {REFERENCE.lower()}: Rechnung", (REFERENCE,)),
        (f"{REFERENCE} {REFERENCE} {reference_of(7, 2026)}", (REFERENCE, reference_of(7, 2026))),
        ("Re: DSP-2026-000101-0", ()),
        (f"X{REFERENCE}", ()),
        (f"{REFERENCE}9", ()),
        ("", ()),
    ],
)
def test_references_are_found_in_subjects(text: str, found: tuple[str, ...]) -> None:
    """In any case of letters, each once, those with a wrong check digit left out."""
    assert references_in(text) == found


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    """Subjects are hostile."""
    assert isinstance(references_in(text), tuple)
