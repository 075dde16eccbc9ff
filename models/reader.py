"""Words → token ids: a mail as the network reads it, with the places of its known numbers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from models.marks import Marked
from triage.understanding.classify import Words, heading
from triage.understanding.senses import SENSES

PREFIX = "query: "


@dataclass(frozen=True, kw_only=True)
class Text:
    """A mail in token ids."""

    ids: list[int]
    #: first token, the one after the last, and which of `SENSES` it is, for each number that is known
    numbers: tuple[tuple[int, int, int], ...] = ()


class Reader:
    """Words to token ids."""

    def __init__(self, folder: Path, window: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._window = window

    def ids(self, words: Words) -> list[int]:
        """Ids of a mail; of a long one the beginning."""
        return self.text(words, ()).ids

    def text(
        self,
        words: Words,
        numbers: Sequence[Marked],
        chance: random.Random | None = None,
        window: int | None = None,
    ) -> Text:
        """A mail as the net reads it; of a long one the beginning or, now and then, a window from its midst."""
        window = window or self._window
        head = self._tokenizer.encode(heading(PREFIX, words.subject), add_special_tokens=False)
        body = self._tokenizer.encode(words.reply, add_special_tokens=False)
        opening = min(len(head.ids), window // 3)
        room = window - opening - 2
        start = 0
        if chance is not None and len(body.ids) > room and chance.random() < 0.3:
            start = chance.randrange(len(body.ids) - room)
        found = []
        for number in numbers:
            if number.text == "subject":
                offsets, shift, first, last = head.offsets, len(PREFIX), 0, opening
            else:
                offsets, shift, first, last = body.offsets, 0, start, start + room
            held = [
                at
                for at, (begin, end) in enumerate(offsets)
                if begin < number.end + shift and end > number.start + shift
            ]
            if held and first <= held[0] and held[-1] < last:
                moved = 1 - first + (0 if number.text == "subject" else opening)
                found.append((held[0] + moved, held[-1] + 1 + moved, SENSES.index(number.sense)))
        ids = [0, *head.ids[:opening], *body.ids[start : start + room], 2]
        return Text(ids=ids, numbers=tuple(found))
