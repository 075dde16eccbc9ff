"""The words of this room: Understanding, Verdict, Evidence, Finding, Money.

Plain values, made by the other modules of the room and read by all that come after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from triage.mail.automatic import Automatic
from triage.understanding.senses import Senses

#: "date" is a day that the text gives with its month, "other" one that it tells from the day of writing ("last Friday")
Kind = Literal["invoice", "amount", "date", "order", "customer", "account", "card", "other"]
Role = Literal["disputed", "billed", "expected", "paid", "refund", "other"]
Where = Literal["reply", "quoted", "subject", "attachment"]
#: "records": the mail names no sum, and the invoices that it contests come to this
How = Literal["stated", "difference", "sum", "records"]
Language = Literal["en", "es", "pt", "fr", "de", "other"]
Band = Literal["auto", "review", "none"]

#: the reasons, in the order in which models and reports list them
REASONS = (
    "duplicate_charge",
    "wrong_amount",
    "unrecognized_charge",
    "charged_after_cancellation",
    "refund_not_received",
    "not_received",
    "not_as_agreed",
    "invoice_details_wrong",
    "unexpected_fee",
    "payment_not_applied",
    "promo_not_applied",
    "other",
)
#: the languages in which we write
LANGUAGES = ("en", "es", "pt", "fr", "de")


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount. Never a float."""

    value: Decimal
    #: ISO 4217 code; the bare symbol ("$") where the text leaves it open; None where it names none
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found in a mail, with its place."""

    kind: Kind
    #: exactly as the mail has it
    text: str
    #: normalised: amounts as plain decimals ("1234.50"), dates as YYYY-MM-DD, numbers without decoration
    value: str
    #: amounts only, as `Money.currency`
    currency: str | None = None
    #: other readings that the text leaves open, as `value`
    alternatives: tuple[str, ...] = ()
    #: amounts only
    role: Role | None = None
    where: Where = "reply"
    #: characters of the text that `where` names: the reply, the whole text for quoted, the subject, the attachment's
    #: text; both 0 for what stands in a file name
    start: int = 0
    end: int = 0
    #: file name, for where = attachment
    attachment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What OCR has read in an attached picture. It misreads, so people are shown it and nothing rests on it."""

    #: which of `Message.attachments`, from 0
    attachment: int
    #: "" when nothing was read
    text: str = ""
    #: why there is no text, or what was left out; "" when all is well
    note: str = ""
    #: where = attachment
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Disputed:
    """What the customer contests or claims."""

    money: Money
    how: How


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Words that moved the verdict; start and end are characters of the reply."""

    start: int
    end: int
    text: str
    #: how much the probability falls when these words are taken away
    weight: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a classifier says of one mail."""

    #: calibrated probability that the mail disputes a bill, 0 to 1
    probability: float
    #: probability of each reason given that it is a dispute; sums to 1
    reasons: Mapping[str, float]
    evidence: tuple[Evidence, ...] = ()
    #: name and version of the model, for the record
    model: str = ""
    #: what the network takes the numbers of the mail for
    senses: Senses = field(default_factory=Senses, compare=False, repr=False)
    #: characters of the reply (start, end), and how much they spoke for a dispute; empty where the network does not say
    voices: tuple[tuple[int, int, float], ...] = field(default=(), compare=False, repr=False)

    @property
    def reason(self) -> str:
        """The likeliest reason."""
        return max(self.reasons, key=lambda reason: self.reasons[reason]) if self.reasons else "other"


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """All that was understood of one mail."""

    automatic: Automatic
    #: of the own words; "other" when it is none of ours
    language: Language
    #: None when the mail was not scored (machine mail, encrypted mail)
    verdict: Verdict | None
    findings: tuple[Finding, ...] = ()
    disputed: Disputed | None = None
    #: attached pictures that were read, or that somebody tried to read
    pictures: tuple[Picture, ...] = ()
    #: version of the patterns and rules that were used
    rules: str = ""
    #: further facts worth a line in the record, name → value
    notes: Mapping[str, str] = field(default_factory=dict)
