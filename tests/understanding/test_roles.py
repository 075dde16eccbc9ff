"""The judge of amounts weighs words, relations and the verdict; its candidates cover every way to claim."""

from decimal import Decimal
from pathlib import Path

import pytest

from triage.understanding.linear import Linear
from triage.understanding.money import read_amounts
from triage.understanding.roles import Leaning, Place, Priced, claims, role_features
from triage.understanding.rules import Patterns, load_patterns


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    """Our rules."""
    return load_patterns(Path(__file__).parents[2] / "rules")


def place(patterns: Patterns, text: str) -> Place:
    """An English text with its amounts."""
    amounts = tuple(read_amounts(text, "en"))
    return Place(where="reply", text=text, reading=patterns.lexicon.read(text, "en"), amounts=amounts)


def test_words_count_by_side_and_distance(patterns: Patterns) -> None:
    """ "Refund" right before an amount is not "refund" at the end of the sentence."""
    [[first, second]] = role_features([place(patterns, "A refund of £40.00 was promised, I paid £90.00.")], Leaning())
    assert {"refund<", "refund<6", "refund<2"} <= first
    assert "refund<2" not in second
    assert {"pay<2", "last", "largest"} <= second


def test_a_sentence_ends_what_its_words_say(patterns: Patterns) -> None:
    """Words of the sentence before count less, and apart."""
    [[amount]] = role_features([place(patterns, "I want a refund. The invoice says £40.00.")], Leaning())
    assert "refund<" not in amount
    assert "refund_before" in amount


def test_the_verdict_crosses_the_words(patterns: Patterns) -> None:
    """ "Paid" in a dispute is not "paid" in a remittance advice."""
    told = Leaning(dispute=True, reason="wrong_amount")
    [[amount]] = role_features([place(patterns, "I paid £40.00.")], told)
    assert {"dispute&pay<2", "wrong_amount&first", "reason:wrong_amount"} <= amount


def test_every_difference_and_the_sum_are_candidates(patterns: Patterns) -> None:
    """Stated amounts, differences of two, and the sum of those that are disputed."""
    found = place(patterns, "You took £30.00 and £20.00.")
    priced = [Priced(amount=amount, role="disputed", shares=(("disputed", 0.9),)) for amount in found.amounts]
    sums = {(claim.how, claim.money.value) for claim in claims(priced, [found], Leaning())}
    assert sums == {
        ("stated", Decimal("30.00")),
        ("stated", Decimal("20.00")),
        ("difference", Decimal("10.00")),
        ("sum", Decimal("50.00")),
    }


def test_probabilities_sum_to_one_and_follow_the_weights() -> None:
    """The scorer is plain logistic regression."""
    linear: Linear[str] = Linear({"yes": {"": 0.1, "good": 2.0}, "no": {"bad": 1.5}})
    shares = linear.probabilities(["good", "unknown"])
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["yes"] > 0.85
    assert linear.probabilities(["bad"])["no"] > 0.7


def test_the_price_of_a_unit_is_taken_from_no_sum(patterns: Patterns) -> None:
    """Nobody claims a bill less what a kilowatt hour costs."""
    found = place(patterns, "You billed £174.46 at £0.2741 each.")
    priced = [Priced(amount=amount, role="billed", shares=(("billed", 0.9),)) for amount in found.amounts]
    assert {claim.how for claim in claims(priced, [found], Leaning())} == {"stated"}
