"""A letter: template and facts in, bytes for SMTP out.

The bytes are fixed here, with a Message-ID that depends on the case alone, so that whatever happens between us and the
relay the same letter stays the same letter. One that a person releases later is dated anew first, word for word the
same. The customer's words come in only through `echo`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from pydantic import TypeAdapter

from triage.errors import RulesError, TriageError
from triage.letters import echo
from triage.letters.templates import Template, Templates
from triage.mail.message import Address
from triage.understanding.findings import Finding

#: how a date is written out: the language, and the territory whose order of day and month is meant
_LOCALES = {"en": "en", "es": "es", "pt": "pt", "fr": "fr", "de": "de"}
#: most numbers that one letter lists
_LIST_LIMIT = 10
#: RFC 5322 section 2.1.1 and common servers: References grows without end otherwise
_REFERENCES_LIMIT = 20

#: reason → what a person will need to settle it, beside invoice and amount
_WANTED = {
    "duplicate_charge": "charge_dates",
    "unrecognized_charge": "charge_dates",
    "charged_after_cancellation": "cancellation_proof",
    "refund_not_received": "return_proof",
    "invoice_details_wrong": "correct_details",
    "payment_not_applied": "payment_proof",
}


class CannotCompose(TriageError):
    """This letter cannot be written."""


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Something that the customer named."""

    #: as the customer wrote it
    text: str
    #: False when it may mean something else: it is then asked about
    sure: bool = True


@dataclass(frozen=True, kw_only=True)
class AckContext:
    """Everything that an acknowledgement says."""

    #: the case's reference
    reference: str
    #: one of the languages in which there is a template
    language: str
    sender: Address
    recipient: Address
    #: when the mail came (INTERNALDATE), with zone
    received: datetime
    #: when the letter is written, with zone: its Date header
    written: datetime
    #: the site's zone, in which days are named
    zone: ZoneInfo
    #: the day by which the customer hears from us again
    next_contact: date
    answer_by: date | None = None
    subject: str = ""
    #: Message-ID and References of the mail that is answered
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    invoices: tuple[Mention, ...] = ()
    amount: Mention | None = None
    reason: str = "other"
    #: False when the reason is only the likeliest one
    reason_sure: bool = True
    #: what is asked for, of `templates.MISSING`
    missing: tuple[str, ...] = ()
    #: True only when collection of the disputed amount has really been halted
    on_hold: bool = False
    delicate: bool = False
    #: telephone or address at which a person is reached; "" = by reply
    contact: str = ""
    #: "" = the sender's name
    site: str = ""
    template: str = "acknowledgement"


#: to JSON and back, as it is kept beside the letter
CONTEXT = TypeAdapter(AckContext)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail of ours, ready for the relay."""

    #: the one address it goes to
    recipient: str
    #: with angle brackets; the same for every try
    message_id: str
    #: the whole message, CRLF line ends; ASCII unless an address needs SMTPUTF8
    content: bytes
    subject: str
    language: str
    template: str


def missing_things(findings: Sequence[Finding], reason: str, *, has_attachment: bool) -> tuple[str, ...]:
    """What to ask the customer for: only what the mail lacks, and only what its reason calls for."""
    there = {finding.kind for finding in findings}
    missing = []
    if not there & {"invoice", "order"}:
        missing.append("invoice")
    if "amount" not in there and reason != "invoice_details_wrong":
        missing.append("amount")
    wanted = _WANTED.get(reason)
    dated = wanted == "charge_dates" and "date" in there
    if wanted and not dated and not has_attachment:
        missing.append(wanted)
    return tuple(missing)


def message_id_for(context: AckContext) -> str:
    """The letter's Message-ID: of the case, the letter's kind and the mail answered, never of the time or the try."""
    digest = hashlib.sha256("\n".join((context.reference, context.template, context.in_reply_to)).encode()).hexdigest()
    return f"<{context.reference.lower()}.{digest[:20]}@{_ascii_domain(context.sender.address)}>"


def compose(context: AckContext, templates: Templates) -> Letter:
    """The letter, in text and HTML. Raises CannotCompose, or RulesError where there is no such template."""
    template = templates.get(context.template, context.language)
    values = values_for(context, template)
    try:
        subject = echo.one_line(template.subject.render(values))
        text = template.text.render(values)
        html = template.html.render(values)
    except Exception as error:  # a template is a program of the admin's: it may raise anything
        raise CannotCompose(f"letter {template.name}.{template.language}: {error}") from error
    message = _headers(context, subject)
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html.strip() + "\n", subtype="html", cte="quoted-printable")
    # After the body: set_content takes away every Content-* header that it finds.
    message["Content-Language"] = context.language
    message.set_boundary(f"=_{hashlib.sha256((text + html).encode()).hexdigest()[:32]}")
    return Letter(
        recipient=_wire_address(context.recipient.address),
        message_id=message_id_for(context),
        content=message.as_bytes(),
        subject=subject,
        language=context.language,
        template=template.name,
    )


def date_anew(content: bytes, context: AckContext, templates: Templates, *, written: datetime, by: date) -> AckContext:
    """The context of a letter that has waited, for this moment: `compose` makes the same letter of it with other dates.

    `by`: the day that it promises now. Raises CannotCompose where its files no longer make `content` of `context`: it
    would say other words than those that a person has read.
    """
    try:
        same = compose(context, templates).content == content
    except RulesError as error:
        raise CannotCompose(str(error)) from error
    if not same:
        raise CannotCompose(f"letter {context.template}.{context.language} says other words since")
    return replace(context, written=written, next_contact=by)


def values_for(context: AckContext, template: Template) -> dict[str, object]:
    """What the template may say, each value fit to be said."""
    invoices = [(echo.value(mention.text), mention.sure) for mention in context.invoices[:_LIST_LIMIT]]
    amount = echo.value(context.amount.text) if context.amount else ""
    amount_sure = context.amount is not None and context.amount.sure
    issue = template.words.reasons.get(context.reason, "") if context.reason != "other" else ""
    return {
        "reference": context.reference,
        "name": echo.greeting_name(context.recipient.name),
        "subject": echo.subject_words(context.subject),
        "received": written_date(context.received.astimezone(context.zone).date(), context.language),
        "invoices": list(dict.fromkeys(text for text, sure in invoices if text and sure)),
        "doubtful_invoices": list(dict.fromkeys(text for text, sure in invoices if text and not sure)),
        "amount": amount if amount_sure else "",
        "doubtful_amount": "" if amount_sure else amount,
        "issue": issue if context.reason_sure else "",
        "doubtful_issue": "" if context.reason_sure else issue,
        "missing": [template.words.missing[thing] for thing in context.missing],
        "next_contact": written_date(context.next_contact, context.language, weekday=True),
        "answer_by": written_date(context.answer_by, context.language, weekday=True) if context.answer_by else "",
        "on_hold": context.on_hold,
        "delicate": context.delicate,
        "contact": echo.one_line(context.contact),
        "site": echo.one_line(context.site or context.sender.name or context.sender.address),
    }


def written_date(day: date, language: str, *, weekday: bool = False) -> str:
    """A date in words, so that no reader can take the day for the month."""
    return format_date(day, format="full" if weekday else "long", locale=_LOCALES[language])


def _headers(context: AckContext, subject: str) -> EmailMessage:
    recipient = _wire_address(context.recipient.address)
    message = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    message["From"] = _header_address(context.sender.name, context.sender.address)
    message["To"] = _header_address(echo.greeting_name(context.recipient.name), recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(context.written.astimezone(UTC))
    message["Message-ID"] = message_id_for(context)
    answered = _clean_id(context.in_reply_to)
    if answered:
        earlier = [_clean_id(reference) for reference in context.references]
        thread = [reference for reference in dict.fromkeys(earlier) if reference and reference != answered]
        # RFC 5322 section 3.6.4: the oldest id names the thread, the newest ones place the answer in it.
        kept = thread if len(thread) < _REFERENCES_LIMIT else thread[:1] + thread[2 - _REFERENCES_LIMIT :]
        message["In-Reply-To"] = answered
        message["References"] = " ".join([*kept, answered])
    # RFC 3834 section 5: whoever answers machines knows not to answer this one.
    message["Auto-Submitted"] = "auto-replied"
    # Exchange: not "All", which would also suppress the bounces that tell us of a letter that did not arrive.
    message["X-Auto-Response-Suppress"] = "DR, RN, NRN, OOF, AutoReply"
    message["X-Triage-Case"] = context.reference
    return message


def _header_address(name: str, address: str) -> HeaderAddress:
    local, _, domain = _wire_address(address).rpartition("@")
    return HeaderAddress(display_name=echo.one_line(name), username=local, domain=domain)


def _wire_address(address: str) -> str:
    """The address with its domain as DNS knows it; the local part stays as it is (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    if not (local and domain) or any(c.isspace() or not c.isprintable() or c in "<>,;" for c in address):
        raise CannotCompose(f"{address!r} is not an address that can be written to")
    return f"{local}@{_ascii_domain(address)}"


def _ascii_domain(address: str) -> str:
    try:
        return address.rpartition("@")[2].encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise CannotCompose(f"{address!r} has no domain that can be written to") from error


def _clean_id(message_id: str) -> str:
    """A Message-ID that can stand in a header of ours, "" when it cannot."""
    words = echo.one_line(message_id)
    well_formed = words.startswith("<") and words.endswith(">") and words.isascii() and " " not in words
    # Made up by the reader for a mail that had none: nobody else knows it.
    return words if well_formed and len(words) < 250 and not words.endswith("@no-message-id.invalid>") else ""
