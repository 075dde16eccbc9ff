"""Linear heads, honest probabilities, and thresholds that follow from what a mistake costs."""

import numpy as np
import pytest

from triage.understanding.calibration import bins, calibration_error, choose_thresholds, fit_calibration
from triage.understanding.heads import Calibration, LabelHeads, LinearHeads, sigmoid
from triage.understanding.network import Floats
from triage.understanding.regression import fit_binary, fit_reasons


@pytest.fixture
def chance() -> np.random.Generator:
    """The same numbers every time."""
    return np.random.default_rng(7)


def test_a_logistic_regression_finds_what_separates(chance: np.random.Generator) -> None:
    """Also where the numbers have different sizes and a common offset, as vectors of an encoder do."""
    rows = chance.normal(size=(400, 6)) * [1, 10, 0.1, 1, 1, 1] + 50
    truth = (rows[:, 1] > 50).astype(float)
    weights, bias = fit_binary(rows, truth, np.ones(400), penalty=1e-4)
    assert (((rows @ weights + bias) > 0) == truth).mean() > 0.98


def test_a_strong_penalty_keeps_a_head_where_it_was(chance: np.random.Generator) -> None:
    """A few corrections bend a model, they do not replace it."""
    rows, start = chance.normal(size=(10, 4)), (np.array([1.0, -2.0, 0.5, 0.0]), 0.3)
    weights, _ = fit_binary(rows, np.ones(10), np.ones(10), penalty=1e4, start=start)
    assert weights == pytest.approx(start[0], abs=1e-2)


def test_reasons_are_told_apart(chance: np.random.Generator) -> None:
    """Softmax regression, from nothing and from an earlier head."""
    kinds = chance.integers(0, 3, 300)
    rows = np.eye(3)[kinds] + chance.normal(size=(300, 3)) * 0.1
    weights, bias = fit_reasons(rows, np.eye(3)[kinds], np.ones(300), penalty=1e-3)
    assert ((rows @ weights.T + bias).argmax(1) == kinds).mean() > 0.99
    kept, _ = fit_reasons(rows, np.eye(3)[kinds], np.ones(300), penalty=1e5, start=(weights, bias))
    assert kept == pytest.approx(weights, abs=1e-2)


def test_calibration_makes_overconfident_scores_honest(chance: np.random.Generator) -> None:
    """Scores three times too large are brought down."""
    logits = chance.normal(size=4000) * 2
    truth = (chance.random(4000) < 1 / (1 + np.exp(-logits))).astype(float)
    found = fit_calibration(3 * logits, truth, np.zeros((0, 12)), np.zeros(0))
    assert found.scale == pytest.approx(1 / 3, rel=0.15)
    honest = np.array([sigmoid(found.scale * 3 * each + found.shift) for each in logits])
    assert calibration_error(honest, truth) < 0.03


def test_reasons_are_cooled(chance: np.random.Generator) -> None:
    """A temperature over one for scores that are too sure."""
    truth = chance.integers(0, 3, 600)
    scores = 8 * np.eye(3)[np.where(chance.random(600) < 0.7, truth, (truth + 1) % 3)]
    assert fit_calibration(np.array([-1.0, 1.0]), np.array([0.0, 1.0]), scores, truth).temperature > 2


def test_the_auto_band_keeps_its_precision(chance: np.random.Generator) -> None:
    """A wrong acknowledgement costs more than a dispute that waits for a person."""
    probabilities = chance.random(5000)
    disputes = (chance.random(5000) < probabilities**0.3 * (probabilities > 0.5)).astype(float)
    found = choose_thresholds(probabilities, disputes)
    auto = probabilities >= found.auto
    assert disputes[auto].mean() >= 0.98
    assert disputes[probabilities >= found.review].sum() >= 0.985 * disputes.sum()
    assert found.review <= found.auto


def test_the_mail_that_decides_a_threshold_is_on_its_right_side() -> None:
    """Four decimals are written: they must not cut off the last dispute, nor let in the mistake below the last."""
    sure, mistake, unsure = 0.61234, 0.61231, 0.15916
    probabilities = np.array([*[0.99] * 100, sure, *[mistake] * 20, *[unsure] * 100])
    disputes = np.array([*[1.0] * 101, *[0.0] * 20, *[1.0] * 100])
    found = choose_thresholds(probabilities, disputes)
    assert found.review <= unsure
    assert mistake < found.auto


def test_little_evidence_makes_a_careful_auto_band() -> None:
    """Ten right ones in a row are no proof of 98.5 percent."""
    probabilities = np.linspace(0.05, 0.95, 20)
    assert choose_thresholds(probabilities, (probabilities > 0.5).astype(float)).auto >= 0.95


def test_bins_say_what_was_stated_and_what_was_true() -> None:
    """The reliability chart in numbers."""
    [low, high] = bins(np.array([0.1, 0.12, 1.0]), np.array([0.0, 1.0, 1.0]))
    assert (low.count, low.true, high.count, high.said) == (2, 0.5, 1, 1.0)
    assert calibration_error(np.array([0.1, 0.12, 1.0]), np.array([0.0, 1.0, 1.0])) == pytest.approx(0.26)


def test_calibration_worked_into_the_weights_says_the_same(chance: np.random.Generator) -> None:
    """Heads learned on site start from calibrated ones."""
    heads = LinearHeads(
        dispute=chance.normal(size=4), dispute_bias=0.2, reason=chance.normal(size=(12, 4)), reason_bias=np.zeros(12),
        calibration=Calibration(scale=0.5, shift=-1.0, temperature=2.0),
    )  # fmt: skip
    rows: Floats = chance.normal(size=(3, 4))
    assert heads.calibrated().logits(rows) == pytest.approx(heads.logits(rows), abs=1e-5)
    assert heads.calibrated().reasons(rows[0]) == pytest.approx(heads.reasons(rows[0]), abs=1e-5)


def test_labels_of_another_model_add_up() -> None:
    """Two labels for one reason count together, and all reasons together against none."""
    heads = LabelHeads(columns={"none": (0,), "wrong_amount": (1, 2), "other": (3,)})
    row = np.log(np.array([0.5, 0.1, 0.2, 0.2]))
    assert sigmoid(float(heads.logits(row[None])[0])) == pytest.approx(0.5, abs=1e-5)
    assert heads.reasons(row)["wrong_amount"] == pytest.approx(0.6, abs=1e-5)
    assert heads.reasons(row)["duplicate_charge"] == 0
