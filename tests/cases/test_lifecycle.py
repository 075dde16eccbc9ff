"""The states of a case, and its reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.lifecycle import MOVES, STATES, UNFINISHED, after, is_reference, reference_of
from triage.errors import OperatorError


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", STATES)
def test_a_move_leads_where_the_table_says_or_is_refused_in_words(state: str, move: str) -> None:
    """Every pair of state and move is either in the table or a clear refusal."""
    starts, end = MOVES[move]
    if state in starts:
        assert after(state, move) == end
    else:
        with pytest.raises(OperatorError, match=f"a case that is {state} cannot"):
            after(state, move)


def test_every_state_can_be_reached_and_every_unfinished_one_left() -> None:
    """No dead ends while work remains."""
    reached = {"review"} | {end for _, end in MOVES.values()}
    assert reached == set(STATES)
    for state in UNFINISHED:
        assert any(state in starts and end not in UNFINISHED for starts, end in MOVES.values())


def test_only_a_no_that_is_taken_back_leads_into_review_again() -> None:
    """A yes stays a yes."""
    assert {move: starts for move, (starts, end) in MOVES.items() if end == "review"} == {"reconsider": ("voided",)}


@given(number=st.integers(1, 999_999_999), year=st.integers(2000, 2999))
def test_a_reference_is_recognised_and_no_slip_of_one_digit_is(number: int, year: int) -> None:
    """The check digit catches every single wrong digit."""
    reference = reference_of(number, year)
    assert is_reference(reference)
    assert is_reference(reference.lower())
    for at, character in enumerate(reference):
        if character.isdigit():
            slip = f"{reference[:at]}{(int(character) + 1) % 10}{reference[at + 1 :]}"
            assert not is_reference(slip)


@pytest.mark.parametrize(
    "text", ["", "DSP", "DSP-2026-000101", "DSP-2026-00010x-9", "ABC-2026-000101-9", "DSP-٢٠٢٦-000101-9"]
)
def test_other_texts_are_no_references(text: str) -> None:
    """Wrong shape, wrong letters, digits of other scripts."""
    assert not is_reference(text)
