"""Numbers as people type them: what is compared, what is near, and what is not."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.records.ledger import Invoice, distance, nearest, normalised, serial, slips

NUMBERS = st.text(alphabet="ABRE0123456789-/", min_size=4, max_size=20)


def invoice(number: str) -> Invoice:
    return Invoice(number=number, currency="EUR", total=Decimal(100))


@pytest.mark.parametrize("written", ["re 2026-4471", "RE-2026/4471", "RE20264471", " re.2026.4471 "])
def test_marks_spaces_and_capitals_do_not_matter(written: str) -> None:
    """People do not copy decoration."""
    assert normalised(written) == normalised("RE-2026-4471")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("RE-2026-4417", "swapped"),
        ("RE-2026-447", "mistyped"),
        ("RE-2026-44711", "mistyped"),
        ("RE-2026-4472", "mistyped"),
        ("RE-2O26-4471", "looks like"),
        ("4471", "same digits"),
        ("2026-04471", "same digits"),
    ],
)
def test_a_slip_of_the_pen_finds_the_invoice_and_says_which_slip(written: str, why: str) -> None:
    """The evidence says why it may be meant."""
    [near] = nearest(written, [invoice("RE-2026-4471"), invoice("XY-9")])
    assert near.invoice.number == "RE-2026-4471"
    assert why in near.why


@pytest.mark.parametrize("written", ["RE-2025-9171", "AB-4489", "17", "", "invoice"])
def test_another_number_is_not_near(written: str) -> None:
    """Bounded: a number that differs in more than a slip is another invoice's."""
    assert nearest(written, [invoice("RE-2026-4471"), invoice("17000")]) == ()


def test_ones_own_invoices_come_first_and_are_believed_two_slips() -> None:
    """Whoever writes about an invoice mostly writes about their own."""
    own, other = invoice("RE-2026-4482"), invoice("RE-2026-4472")
    found = nearest("RE-2026-4471", [other], own=[own])
    assert [(near.invoice.number, near.own, near.distance) for near in found] == [
        ("RE-2026-4482", True, 2),
        ("RE-2026-4472", False, 1),
    ]


@settings(deadline=None)
@given(NUMBERS)
def test_every_slip_is_at_most_one_step_away(number: str) -> None:
    """What is looked up by index is what the distance calls near, and its count is bounded by the length."""
    found = slips(number)
    assert number not in found
    assert len(found) <= 40 * len(number)
    assert all(distance(number, each, 2) in (1, 2) for each in found)
    assert sum(distance(number, each, 1) is None for each in found) == 0


@given(NUMBERS, NUMBERS)
def test_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    """Near is near from either side."""
    assert distance(one, other, 2) == distance(other, one, 2)
    assert (distance(one, other, 2) == 0) == (one == other)


@given(st.text(max_size=200))
def test_any_text_has_a_normal_form(text: str) -> None:
    """Numbers come from mails: anything may stand there."""
    assert normalised(normalised(text)) == normalised(text)
    assert serial(text).isdecimal() or not serial(text)
    slips(text)
