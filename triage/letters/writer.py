"""How a site writes its acknowledgements: `Writer`, from a case and its mail to a letter.

The words come from the files of rules/letters, what they may repeat from the customer's own words, and the day on
which the customer hears from us next from the diary.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from triage.cases.actions import Acknowledge
from triage.cases.calendar import Calendar
from triage.cases.clocks import Pack
from triage.letters.compose import AckContext, Letter, Mention, compose, date_anew, missing_things
from triage.letters.lint import LintRules, lint
from triage.letters.templates import Templates
from triage.mail.message import Address, Message
from triage.understanding.findings import LANGUAGES, Finding, Understanding


@dataclass(frozen=True, kw_only=True)
class Written:
    """A composed letter, and what speaks against sending it."""

    letter: Letter
    #: what it was composed from
    context: AckContext
    #: second envelope recipient, "" = none
    journal: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes the letters of one site."""

    templates: Templates
    lint_rules: LintRules
    sender: Address
    #: how else the site can be reached, as letters say it
    contact: str
    #: of letters to customers whose language has no files
    language: str
    zone: ZoneInfo
    clocks: Pack
    calendar: Calendar

    def write(
        self,
        reference: str,
        acknowledge: Acknowledge,
        message: Message,
        understood: Understanding,
        *,
        received: datetime,
        written: datetime,
    ) -> Written:
        """The acknowledgement of a case, and what speaks against sending it; both moments have their zones."""
        verdict = understood.verdict
        reason = verdict.reason if verdict else "other"
        own_words = [finding for finding in understood.findings if finding.where in ("reply", "subject")]
        context = AckContext(
            reference=reference,
            language=acknowledge.language if acknowledge.language in LANGUAGES else self.language,
            sender=self.sender,
            recipient=Address(name=acknowledge.recipient_name, address=acknowledge.recipient),
            received=received,
            written=written,
            zone=self.zone,
            next_contact=self._next_contact(received, written).astimezone(self.zone).date(),
            subject=message.subject,
            in_reply_to=message.message_id,
            references=message.references,
            invoices=tuple(_mention(finding) for finding in own_words if finding.kind == "invoice"),
            amount=_amount(own_words),
            reason=reason,
            reason_sure=verdict is not None and verdict.reasons.get(reason, 0) >= 0.5,
            missing=missing_things(own_words, reason, has_attachment=bool(message.attachments)),
            contact=self.contact,
            delicate=acknowledge.delicate,
            template=acknowledge.template,
        )
        letter = compose(context, self.templates)
        problems = lint(letter, context, self.templates, self.lint_rules, supplied=_supplied(message))
        return Written(letter=letter, context=context, problems=problems)

    def date_anew(self, content: bytes, context: AckContext, *, written: datetime) -> Written:
        """A letter that has waited, dated for another moment: the same words, other dates.

        Raises CannotCompose where its files say other words than `content` by now.
        """
        by = self._next_contact(context.received, written).astimezone(context.zone).date()
        context = date_anew(content, context, self.templates, written=written, by=by)
        return Written(letter=compose(context, self.templates), context=context)

    def _next_contact(self, received: datetime, written: datetime) -> datetime:
        """By when whoever wrote then hears from us: as the diary has it, counted from the letter where that is over."""
        clock = self.clocks.clock("customer_was_answered")
        if clock is None:
            return written
        due = clock.duration("normal").after(received, self.calendar).due
        return due if due > written else clock.duration("normal").after(written, self.calendar).due


def _supplied(message: Message) -> str:
    """Everything that the sender wrote: an acknowledgement may repeat it, and nothing else."""
    attached = (text for attachment in message.attachments for text in (attachment.filename or "", attachment.text))
    sender = (message.sender.name, message.sender.address)
    return "\n".join((*sender, message.subject, message.text, message.reply, *attached))


def _mention(finding: Finding) -> Mention:
    return Mention(text=finding.text, sure=not finding.alternatives)


def _amount(findings: Iterable[Finding]) -> Mention | None:
    """The amount that an acknowledgement repeats: what the customer calls disputed, in the customer's own writing."""
    disputed = [finding for finding in findings if finding.kind == "amount" and finding.role == "disputed"]
    return _mention(disputed[0]) if len({finding.value for finding in disputed}) == 1 else None
