"""The figures of a classifier, checked on mails counted by hand."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from triage.errors import OperatorError
from triage.understanding.charts import describe, reliability_svg
from triage.understanding.classify import Thresholds, Words
from triage.understanding.evaluate import Labelled, Report, auc, band, between, report
from triage.understanding.findings import REASONS, Language, Verdict

THRESHOLDS = Thresholds(auto=0.9, review=0.3)


def mail(label: str, language: Language = "en", also: tuple[str, ...] = ()) -> Labelled:
    """A labelled mail whose words do not matter."""
    return Labelled(words=Words(subject="", reply="", language=language), label=label, also=also)


def says(probability: float, reason: str = "other") -> Verdict:
    """A verdict for one reason."""
    return Verdict(probability=probability, reasons={each: float(each == reason) for each in REASONS})


@pytest.fixture
def found() -> Report:
    """Six mails: three disputes, of which one in each band, and three others, of which one in the auto band."""
    mails = [mail("wrong_amount"), mail("other", "de"), mail("not_received", also=("other",)), *[mail("none")] * 3]
    verdicts = [says(0.95, "wrong_amount"), says(0.5, "wrong_amount"), says(0.1), says(0.92), says(0.2), says(0.01)]
    return report(mails, verdicts, model="m 1", thresholds=THRESHOLDS)


def test_bands_count_disputes_and_others(found: Report) -> None:
    """Precision of the auto band and who is reached follow from it."""
    assert dict(found.bands) == {"auto": (1, 1), "review": (1, 0), "none": (1, 2)}
    assert found.overall.precision == 0.5
    assert found.overall.recall == pytest.approx(1 / 3)
    assert found.overall.reached == pytest.approx(2 / 3)


def test_languages_have_figures_of_their_own(found: Report) -> None:
    """And a language that does not occur has none."""
    assert set(found.languages) == {"en", "de"}
    assert found.languages["de"].recall == 0
    assert found.languages["de"].precision is None


def test_a_defensible_reason_counts_as_right(found: Report) -> None:
    """People disagree about some mails; the gold says so."""
    assert found.reasons["not_received"].recall == 1
    assert found.reasons["other"].recall == 0
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_confusion_says_what_a_person_would_see(found: Report) -> None:
    """A dispute under the review threshold was given none."""
    assert found.confusion["not_received"] == {"none": 1}
    assert found.confusion["none"] == {"other": 1, "none": 2}


def test_auc_counts_pairs() -> None:
    """Ties count half, and one kind alone says nothing."""
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])) == 0.875
    assert auc(np.array([0.9]), np.array([True])) is None


@pytest.mark.parametrize(("probability", "name"), [(0.9, "auto"), (0.8999, "review"), (0.3, "review"), (0.29, "none")])
def test_thresholds_belong_to_the_band_above(probability: float, name: str) -> None:
    """At or over."""
    assert band(probability, THRESHOLDS) == name


def test_the_report_is_readable(found: Report) -> None:
    """Every figure that the tracker of quality asks for is in the text."""
    text = describe(found)
    for words in ("AUC", "ECE", "auto", "not_received", "macro F1", "truth", "m 1"):
        assert words in text


def test_the_reliability_chart_is_an_image_with_words(found: Report) -> None:
    """Well-formed SVG, with a title for those who do not see it."""
    root = ET.fromstring(reliability_svg(found))  # noqa: S314 -- reads what we wrote
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names.count("circle") == len(found.reliability)
    assert "title" in names


def test_a_dispute_of_unknown_reason_counts_as_one() -> None:
    """For the bands, and not for the reasons."""
    found = report([mail("dispute"), mail("none")], [says(0.95), says(0.1)], model="m 1", thresholds=THRESHOLDS)
    assert found.bands["auto"] == (1, 0)
    assert found.reasons == {}
    assert found.confusion["dispute"] == {"other": 1}
    assert "dispute  " in describe(found)


def test_few_mails_say_little() -> None:
    """Ten of ten right is not the same as a thousand of a thousand (Wilson 1927, worked by hand)."""
    assert between(10, 10) == pytest.approx((0.722, 1.0), abs=0.001)
    assert between(985, 1000) == pytest.approx((0.975, 0.991), abs=0.001)
    assert between(0, 0) is None


def test_the_worst_mistakes_are_named_first(found: Report) -> None:
    """Mails that would be answered wrongly, and disputes that nobody would see."""
    assert [(each.label, round(each.probability, 2)) for each in found.mistakes] == [
        ("none", 0.92),
        ("not_received", 0.1),
    ]


def test_nothing_to_evaluate_is_said() -> None:
    """An empty file is a mistake of the operator."""
    with pytest.raises(OperatorError, match="nothing to evaluate"):
        report([], [], model="m", thresholds=THRESHOLDS)
