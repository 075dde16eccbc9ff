"""The words that moved a verdict, found by taking them away."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from triage.understanding.evidence import clauses, occlude

MAIL = "Hello, we had a lovely stay. You charged me twice for the room. Greetings from Porto, Ana"


def twice(replies: Sequence[str]) -> list[float]:
    """A scorer that knows one phrase, and dislikes another."""
    return [4.0 * ("charged me twice" in reply) - 2.0 * ("lovely" in reply) for reply in replies]


def test_evidence_holds_the_words_that_count() -> None:
    """The clause whose absence changes the score, and no other."""
    [evidence] = occlude(MAIL, twice)
    assert "charged me twice" in evidence.text
    assert "lovely" not in evidence.text
    assert evidence.text == MAIL[evidence.start : evidence.end]


def test_taking_the_evidence_away_lowers_the_score() -> None:
    """What is shown as evidence is the real reason."""
    for evidence in occlude(MAIL, twice):
        [whole, without] = twice([MAIL, MAIL[: evidence.start] + MAIL[evidence.end :]])
        assert without < whole
        assert evidence.weight > 0


def test_a_score_that_nothing_moves_has_no_evidence() -> None:
    """No words are shown where no words counted."""
    assert occlude(MAIL, lambda replies: [1.0] * len(replies)) == ()
    assert occlude("", twice) == ()


def test_the_weightiest_evidence_comes_first() -> None:
    """Readers look at the first one."""

    def two(replies: Sequence[str]) -> list[float]:
        return [1.0 * ("late fee" in reply) + 2.0 * ("refund" in reply) for reply in replies]

    found = occlude("There is a late fee on it. And where is my refund? Regards.", two)
    assert ["refund" in each.text for each in found] == [True, False]


def test_what_the_tokens_said_saves_reading_the_clauses() -> None:
    """Where the network has told its words apart, the mail is read once for each clause that is taken away."""
    asked: list[str] = []

    def watched(replies: Sequence[str]) -> list[float]:
        asked.extend(replies)
        return twice(replies)

    start = MAIL.index("charged")
    [evidence] = occlude(MAIL, watched, whole=2.0, voices=[(0, 5, 0.1), (start, start + 7, 3.0)])
    assert "charged me twice" in evidence.text
    assert len(asked) <= 3
    assert all(len(reply) > len(MAIL) / 2 for reply in asked)


@given(st.text(max_size=400))
def test_clauses_of_any_text_are_ordered_and_inside_it(text: str) -> None:
    """Spans never overlap, never leave the text, never are only white space."""
    end = 0
    for start, stop in clauses(text):
        assert end <= start < stop <= len(text)
        assert text[start:stop].strip()
        end = stop


def test_a_long_mail_is_taken_apart_in_few_steps() -> None:
    """The cost does not grow with the mail."""
    calls = 0

    def count(replies: Sequence[str]) -> list[float]:
        nonlocal calls
        calls += len(replies)
        return twice(replies)

    occlude("A sentence that says little. " * 500 + MAIL, count)
    assert calls < 20
