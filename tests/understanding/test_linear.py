"""The linear scorer: shares that sum to one, and the same for the same features whatever their order."""

from hypothesis import given
from hypothesis import strategies as st

from triage.understanding.linear import Linear

WEIGHTS = {
    "yes": {"": 0.1, **{f"f{number}": 0.1 + number / 7 for number in range(30)}},
    "no": {"": 0.3, **{f"f{number}": 0.2 - number / 3 for number in range(30)}},
}
FEATURES = [f"f{number}" for number in range(30)]


@given(st.permutations(FEATURES))
def test_the_order_of_features_does_not_tip_the_scale(features: list[str]) -> None:
    """Sets come in another order each time the program starts; an explanation must not."""
    linear = Linear(WEIGHTS)
    shares = linear.probabilities(features)
    assert shares == linear.probabilities(FEATURES)
    assert abs(sum(shares.values()) - 1) < 1e-9


def test_unknown_features_say_nothing() -> None:
    """Only the bias is left."""
    linear = Linear(WEIGHTS)
    assert linear.probabilities(["a word that nobody learned"]) == linear.probabilities([])
