"""In-memory twins of the outside world, for our tests and yours.

Each behaves like the real part as far as the house can tell; the contract tests run on both.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from triage.errors import RelayError
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, Lost, Sent, TryLater


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A letter as it came out at the other end."""

    content: bytes
    recipients: tuple[str, ...]
    envelope_sender: str


class InMemoryRelay:
    """A relay that answers as told and keeps what it was given.

    `script` holds what happens, transaction by transaction: an answer. When it is used up, every letter is taken.
    """

    def __init__(self, script: Iterable[Answer] = ()) -> None:
        #: answers still to come
        self.script: deque[Answer] = deque(script)
        #: what connecting will raise, one each time
        self.connection_failures: deque[RelayError] = deque()
        #: what was taken, in order
        self.deliveries: list[Delivery] = []
        #: whether a letter whose connection broke after DATA was taken all the same
        self.takes_lost = False
        self.connected = False

    def connect(self) -> None:
        """Connect, or raise the next planned failure."""
        if not self.connected and self.connection_failures:
            raise self.connection_failures.popleft()
        self.connected = True

    def hand_over(self, letter: Letter, recipients: Sequence[str], *, envelope_sender: str) -> Answer:
        """The next answer of the script."""
        if not self.connected:
            return TryLater(why="not connected")
        answer = self.script.popleft() if self.script else Sent(response="250 OK")
        copies_left_out = isinstance(answer, Sent) and answer.copy_refused
        if isinstance(answer, Sent) or (isinstance(answer, Lost) and self.takes_lost):
            reached = tuple(recipients[:1] if copies_left_out else recipients)
            self.deliveries.append(
                Delivery(content=letter.content, recipients=reached, envelope_sender=envelope_sender)
            )
        if isinstance(answer, Lost):
            self.connected = False
        return answer

    def close(self) -> None:
        """Hang up."""
        self.connected = False
