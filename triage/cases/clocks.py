"""Clock packs: what must have happened to a case by when, as data that a site can change (`rules/clocks.toml`)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from triage.cases.actions import Priority
from triage.cases.calendar import Calendar, Sum
from triage.cases.rulefile import RuleFile, mistakes, read_rule_file

Effect = Literal["remind", "raise", "alert"]
EventKind = Literal[
    "agent_looked", "answered", "asked_customer", "customer_wrote", "resolved", "closed", "voided", "reopened"
]
Unit = Literal["business hour", "business day", "calendar day", "hour"]

#: these end every clock
ENDINGS: frozenset[EventKind] = frozenset({"resolved", "closed", "voided"})
_DURATION = re.compile(r"(\d{1,4}) (business hour|business day|calendar day|hour)s?")


@dataclass(frozen=True, kw_only=True)
class Duration:
    """A length of time as people agree on it."""

    amount: int
    unit: Unit

    @classmethod
    def read(cls, text: str) -> "Duration":
        """From words such as ``4 business hours``. Raises ValueError."""
        match = _DURATION.fullmatch(text.strip())
        if match is None or int(match[1]) == 0:
            raise ValueError(
                f"{text!r} is no duration such as 4 business hours, 10 business days, 15 calendar days, 24 hours"
            )
        return cls(amount=int(match[1]), unit=match[2])  # type: ignore[arg-type]  # the pattern allows only units

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'s' if self.amount != 1 else ''}"

    def after(self, start: datetime, calendar: Calendar) -> Sum:
        """The instant this long after `start`, with the sum."""
        match self.unit:
            case "business hour":
                return calendar.add_hours(start, timedelta(hours=self.amount))
            case "business day":
                return calendar.add_days(start, self.amount)
            case "calendar day":
                # Wall-clock days: noon stays noon when the clocks change.
                return Sum(due=start.astimezone(calendar.zone) + timedelta(days=self.amount), steps=())
            case "hour":
                return Sum(due=(start + timedelta(hours=self.amount)).astimezone(calendar.zone), steps=())


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One thing that must have happened to a case by some time."""

    kind: str
    #: what must have happened, in words for agents
    title: str
    #: by priority; "normal" is always there
    after: Mapping[Priority, Duration]
    #: what happens when it falls due, one after the other
    effects: tuple[Effect, ...]
    #: from one effect to the next
    again_after: Duration | None = None
    stopped_by: frozenset[EventKind] = frozenset()
    restarted_by: frozenset[EventKind] = frozenset()
    reset_by: frozenset[EventKind] = frozenset()

    def duration(self, priority: Priority) -> Duration:
        """How long cases of this priority have."""
        return self.after.get(priority, self.after["normal"])


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A set of clocks that belong together."""

    name: str
    title: str
    #: the law or decision it comes from
    source: str
    clocks: tuple[Clock, ...]

    def clock(self, kind: str) -> Clock | None:
        """The clock of a kind, None when this pack has none (any more)."""
        return next((clock for clock in self.clocks if clock.kind == kind), None)


class _ClockEntry(RuleFile):
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    after: str | dict[Priority, str]
    effects: Annotated[tuple[Effect, ...], Field(min_length=1, max_length=10)]
    again_after: str | None = None
    stopped_by: frozenset[EventKind] = frozenset()
    restarted_by: frozenset[EventKind] = frozenset()
    reset_by: frozenset[EventKind] = frozenset()

    @field_validator("after", "again_after")
    @classmethod
    def _is_duration(cls, value: str | dict[Priority, str] | None, info: ValidationInfo) -> object:
        if isinstance(value, dict) and "normal" not in value:
            raise ValueError(f"by priority ({', '.join(get_args(Priority))}) it must say at least normal")
        for text in value.values() if isinstance(value, dict) else [value] if value else []:
            Duration.read(text)
        return value

    @model_validator(mode="after")
    def _effects_are_spaced(self) -> "_ClockEntry":
        if len(self.effects) > 1 and self.again_after is None:
            raise ValueError("several effects need again_after")
        return self

    def clock(self) -> Clock:
        by_priority: dict[Priority, str] = self.after if isinstance(self.after, dict) else {"normal": self.after}
        return Clock(
            kind=self.kind,
            title=self.title,
            after={priority: Duration.read(text) for priority, text in by_priority.items()},
            effects=self.effects,
            again_after=Duration.read(self.again_after) if self.again_after else None,
            stopped_by=self.stopped_by,
            restarted_by=self.restarted_by,
            reset_by=self.reset_by,
        )


class _PackEntry(RuleFile):
    title: str
    source: str
    clocks: Annotated[tuple[_ClockEntry, ...], Field(min_length=1)]


class _ClocksFile(RuleFile):
    version: Literal[1]
    pack: str
    packs: dict[str, _PackEntry]


def load_pack(path: Path) -> Pack:
    """The pack in force. RulesError names every mistake in the file, in the packs that are not in force too."""
    content = read_rule_file(path, _ClocksFile)
    problems = [
        f"{path}: pack {name}: {count} clocks are called {kind}"
        for name, pack in content.packs.items()
        for kind, count in Counter(clock.kind for clock in pack.clocks).items()
        if count > 1
    ]
    if content.pack not in content.packs:
        problems.append(f"{path}: there is no pack {content.pack} (there are: {', '.join(content.packs) or 'none'})")
    if problems:
        raise mistakes(path, problems)
    entry = content.packs[content.pack]
    return Pack(
        name=content.pack,
        title=entry.title,
        source=entry.source,
        clocks=tuple(clock.clock() for clock in entry.clocks),
    )
