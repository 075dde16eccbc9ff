"""Was this mail written by a machine? (RFC 3834, 3464, 5965, 8098; and the wild ones.)

`recognise` looks at one message and says which kind of machine wrote it, and whether an automatic answer must be
withheld. It does not look at what the store knows: repeated bodies and storms are the business of deciding.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

Label = Literal["human", "auto_reply", "auto_other", "bounce", "feedback", "mdn", "list", "loop"]


@dataclass(frozen=True, kw_only=True)
class Own:
    """How this site's own mail is recognised, all in lower case."""

    addresses: AbstractSet[str] = frozenset()
    domains: AbstractSet[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """What `recognise` found."""

    #: True when no automatic answer may be sent
    suppress: bool
    label: Label
    #: the sign that settled it, in plain words
    why: str
    #: enhanced status code of a bounce ("5.1.1"), None when unknown
    dsn: str | None = None
    #: True when a bounce is permanent, False when it is temporary, None when it is no bounce or unknown
    hard: bool | None = None
    #: whom the bounced mail did not reach
    recipient: str | None = None
    #: Message-ID of the mail that came back
    original_message_id: str | None = None
