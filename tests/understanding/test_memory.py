"""A corrected mail and its near copies come out right at once."""

import pytest

from triage.understanding.classify import Thresholds, Words
from triage.understanding.findings import REASONS, Evidence, Verdict
from triage.understanding.memory import Memory, Remembered, Remembering, fingerprint

FIRST = Words(
    subject="Rechnung 4711",
    reply="Guten Tag, auf der Rechnung 4711 vom 3. März steht eine Mahngebühr von 12,50 €, die wir nicht zahlen "
    "werden, weil die Zahlung rechtzeitig bei Ihnen war. Bitte nehmen Sie die Gebühr heraus.",
)
COPY = Words(subject="Rechnung 9902", reply=FIRST.reply.replace("4711", "9902").replace("12,50", "8,00"))
OTHER = Words(subject="Rechnung 4711", reply="Guten Tag, bitte senden Sie uns die Rechnung noch einmal als PDF. Danke.")


class Never:
    """A classifier that sees no dispute anywhere."""

    name = "never 1"
    thresholds = Thresholds(auto=0.9, review=0.1)

    def score(self, mails: list[Words]) -> list[Verdict]:
        """The same verdict for all."""
        return [Verdict(probability=0.05, reasons=dict.fromkeys(REASONS, 1 / 12), model=self.name) for _ in mails]

    def evidence(self, words: Words, verdict: Verdict) -> tuple[Evidence, ...]:
        """The first word."""
        return (Evidence(start=0, end=5, text=words.reply[:5], weight=0.1),)


@pytest.fixture
def memory() -> Memory:
    """One corrected mail."""
    return Memory([Remembered(label="unexpected_fee", triples=fingerprint(FIRST))])


def test_a_near_copy_is_known_again(memory: Memory) -> None:
    """Another invoice number and amount do not make it another mail."""
    assert memory.label(FIRST) == memory.label(COPY) == "unexpected_fee"


def test_another_mail_about_the_same_invoice_is_not(memory: Memory) -> None:
    """A memory that answers for what it has not seen would do harm."""
    assert memory.label(OTHER) is None


def test_a_short_mail_must_be_the_same_word_for_word() -> None:
    """Few words are easily alike."""
    memory = Memory([Remembered(label="none", triples=fingerprint(Words(subject="", reply="please cancel my order")))])
    assert memory.label(Words(subject="", reply="Please cancel my order!")) == "none"
    assert memory.label(Words(subject="", reply="please cancel my order and refund me")) is None
    assert memory.label(Words(subject="", reply="")) is None


def test_what_a_person_said_goes_before_the_model(memory: Memory) -> None:
    """Right at once, with the reason, and marked in the record."""
    classifier = Remembering(Never(), memory)
    [copy, other] = classifier.score([COPY, OTHER])
    assert copy.probability >= 0.9
    assert copy.reason == "unexpected_fee"
    assert "corrected by a person" in copy.model
    assert other == Never().score([OTHER])[0]


def test_words_of_an_overruled_model_are_no_evidence(memory: Memory) -> None:
    """An explanation is the real reason, or there is none."""
    classifier = Remembering(Never(), memory)
    [copy, other] = classifier.score([COPY, OTHER])
    assert classifier.evidence(COPY, copy) == ()
    assert classifier.evidence(OTHER, other)


def test_the_latest_word_counts() -> None:
    """A correction of a correction takes its place."""
    triples = fingerprint(FIRST)
    assert (
        Memory([Remembered(label="none", triples=triples), Remembered(label="other", triples=triples)]).label(COPY)
        == "other"
    )


def test_a_letter_out_of_the_same_form_is_no_copy() -> None:
    """Two people fill in one contact form: most words are the form's, and what they say has nothing in common."""
    form = (
        "Contact form of the web shop. Your name: {} Your order: 4711. Department: billing, invoices. Please tell us "
        "in your own words what we can do for you, and we will come back to you within two working days: {} I agree "
        "that my data are stored so that the request can be answered. I have read the terms of use and the notes on "
        "privacy of this shop."
    )
    asks = form.format("Ana", "could you please send me a copy of my last invoice for the tax office")
    claims = form.format("Bob", "you have taken the money for the same order from my card two times")
    memory = Memory([Remembered(label="none", triples=fingerprint(Words(subject="", reply=asks)))])
    assert memory.label(Words(subject="", reply=asks.replace("Ana", "Maria Luisa").replace("4711", "4712"))) == "none"
    assert memory.label(Words(subject="", reply=claims)) is None


def test_what_is_kept_holds_no_text() -> None:
    """What customers wrote does not linger: numbers only."""
    assert all(isinstance(triple, int) for triple in fingerprint(FIRST))
