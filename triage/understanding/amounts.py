"""An amount of money in a text, or what may be one: `Amount`."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

#: named: with a currency; decimal: two decimals; grouped: thousands are marked off; whole: digits only
Shape = Literal["named", "decimal", "grouped", "whole"]
#: no bill comes to so much: a longer number names something
MOST: Final = Decimal(10**15)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number in a text that is money, or may be."""

    start: int
    end: int
    #: never negative; `negative` keeps the sign
    value: Decimal
    #: ISO 4217 code, the shared sign where the text leaves it open, None where it names none
    currency: str | None = None
    #: the other readings that the text leaves open
    alternatives: tuple[Decimal, ...] = ()
    shape: Shape = "named"
    #: written with a minus or in brackets
    negative: bool = False
