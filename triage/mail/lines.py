"""The lines of a mail's text, each with a label: what `quotes` and `endings` write on, and what parts are made of."""

import re
from dataclasses import dataclass
from typing import Literal

from triage.mail import phrases

PartLabel = Literal["own", "quoted", "signature", "disclaimer", "forwarded"]

#: characters of a line that can still be a header, and of its beginning that are searched for an address
_MAX_HEADER = 2_000
_MAX_SEARCHED = 400
WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of `Message.text` and what it is."""

    label: PartLabel
    start: int
    end: int


class Lines:
    """The lines of a text with a label each; all that comes after `most` lines is one more."""

    def __init__(self, text: str, *, most: int | None = None) -> None:
        self.lines = text.splitlines(keepends=True) if text else []
        if most is not None and len(self.lines) > most:
            self.lines[most:] = ["".join(self.lines[most:])]
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.labels: list[PartLabel] = ["own"] * len(self.lines)
        self._headers: list[tuple[str, bool] | None] = [None] * len(self.lines)
        self.blank = [not line.strip("\xa0 \t\r\n\u200b\u200e\u200f\ufeff\u034f") for line in self.lines]
        #: lines of attributions above prefixed lines
        self.attributions: list[int] = []

    def mark(self, first: int, stop: int, label: PartLabel) -> None:
        """Label the lines that are still own."""
        for index in range(first, stop):
            if self.labels[index] == "own":
                self.labels[index] = label

    def header(self, index: int) -> tuple[str, bool]:
        """Which header a line is in a header block ("" for none), and whether it has an address in it."""
        known = self._headers[index]
        if known is None:
            line = self.lines[index].strip("\r\n")
            found = phrases.LABEL.match(line) if len(line) < _MAX_HEADER and (":" in line or "：" in line) else None
            known = (
                phrases.label_kind(found[1]) if found else "",
                "@" in line and bool(phrases.ADDRESS.search(line[:_MAX_SEARCHED])),
            )
            self._headers[index] = known
        return known

    def next_filled(self, index: int) -> int:
        """The first line from `index` on that is not empty; the number of lines when there is none."""
        while index < len(self.lines) and self.blank[index]:
            index += 1
        return index

    def is_own(self, index: int) -> bool:
        """Whether the writer's words stand in a line."""
        return self.labels[index] == "own" and not self.blank[index]

    def words(self, first: int, stop: int) -> int:
        """How many words stand in lines."""
        return sum(len(WORD.findall(line)) for line in self.lines[first:stop])

    def last_filled(self, index: int) -> int:
        """The last line before `index` that is not empty; -1 when there is none."""
        index -= 1
        while index >= 0 and self.blank[index]:
            index -= 1
        return index

    def relabel(self, first: int, stop: int, label: PartLabel) -> None:
        """Write over whatever stood there."""
        self.labels[first:stop] = [label] * (stop - first)

    def stretches(self, wanted: PartLabel) -> list[tuple[int, int]]:
        """Runs of lines with one label."""
        runs: list[tuple[int, int]] = []
        first: int | None = None
        for index, label in enumerate([*self.labels, "end"]):
            if label == wanted and first is None:
                first = index
            elif label != wanted and first is not None:
                runs.append((first, index))
                first = None
        return runs

    def paragraphs(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Runs of filled lines between empty ones."""
        found: list[tuple[int, int]] = []
        start: int | None = None
        for index in range(first, stop + 1):
            filled = index < stop and not self.blank[index]
            if filled and start is None:
                start = index
            elif not filled and start is not None:
                found.append((start, index))
                start = None
        return found

    def parts(self) -> tuple[Part, ...]:
        """The text in parts without gaps."""
        parts: list[Part] = []
        start = 0
        for index, label in enumerate(self.labels):
            if index + 1 == len(self.labels) or self.labels[index + 1] != label:
                parts.append(Part(label=label, start=self.starts[start], end=self.starts[index + 1]))
                start = index + 1
        return tuple(parts)
