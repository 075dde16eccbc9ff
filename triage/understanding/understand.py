"""Message → Understanding: the parts of this room in the order in which they are asked.

A machine's mail is not scored: what it says is no customer's claim. Mails are scored together, so that the network
runs in batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from triage.mail.automatic import Automatic, Own, recognise
from triage.mail.message import Message
from triage.mail.pictures import PictureReader
from triage.understanding.classify import Classifier, Words
from triage.understanding.extract import Extract, Extractor
from triage.understanding.findings import Language, Picture, Understanding, Verdict
from triage.understanding.language import language_of

Step = Literal["automatic", "language", "dispute", "findings"]
EVERYTHING: frozenset[Step] = frozenset({"automatic", "language", "dispute", "findings"})
#: machine mail that cannot carry a customer's claim
_UNSCORED = frozenset({"bounce", "auto_reply", "mdn", "feedback", "loop"})


@dataclass(frozen=True, kw_only=True)
class Understander:
    """All that is needed to understand a mail; parts that are None are left out."""

    own: Own
    classifier: Classifier | None
    extractor: Extractor | None
    #: version of the patterns, for the record
    rules: str = ""
    pictures: PictureReader | None = None

    def understand(
        self,
        messages: Sequence[Message],
        *,
        hints: Sequence[str | None] = (),
        own: Sequence[Own] = (),
        steps: frozenset[Step] = EVERYTHING,
        unasked: bool = False,
    ) -> list[Understanding]:
        """What each mail means, in their order.

        `hints` name a language for mails too short to tell; `own` adds addresses mail by mail. With `unasked` machine
        mail is scored too.
        """
        automatics = [self._automatic(message, own[at] if own else None) for at, message in enumerate(messages)]
        languages = [
            language_of(f"{message.subject}\n{message.reply}", hint=hints[at] if hints else None)
            if steps - {"automatic"}
            else "other"
            for at, message in enumerate(messages)
        ]
        verdicts = self._score(messages, automatics, languages, unasked=unasked) if "dispute" in steps else {}
        extracts = [
            # what an amount is in the matter depends on what the matter is
            self.extractor.extract(message, languages[at], verdict=verdicts.get(at))
            if self.extractor is not None and "findings" in steps
            else Extract(findings=(), disputed=None)
            for at, message in enumerate(messages)
        ]
        return [
            Understanding(
                automatic=automatics[at],
                language=languages[at],
                verdict=verdicts.get(at),
                findings=extracts[at].findings,
                # a mail that nobody was asked about contests nothing
                disputed=extracts[at].disputed if at in verdicts else None,
                rules=self.rules,
            )
            for at in range(len(messages))
        ]

    def with_evidence(self, message: Message, understood: Understanding) -> Understanding:
        """The same, with the words that moved the verdict."""
        if understood.verdict is None or self.classifier is None:
            return understood
        words = words_of(message, understood.language)
        evidence = self.classifier.evidence(words, understood.verdict)
        return replace(understood, verdict=replace(understood.verdict, evidence=evidence))

    def with_pictures(self, message: Message, understood: Understanding) -> Understanding:
        """The same, with what OCR reads in the attached pictures: beside what was understood, which stays as it is."""
        if self.pictures is None or self.extractor is None:
            return understood
        pictures = []
        for read in self.pictures.read(message):
            found = self.extractor.in_picture(
                message, read.attachment, read.text, understood.language, verdict=understood.verdict
            )
            pictures.append(Picture(attachment=read.attachment, text=read.text, note=read.note, findings=found))
        return replace(understood, pictures=tuple(pictures))

    def _automatic(self, message: Message, further: Own | None) -> Automatic:
        if further is None:
            return recognise(message, self.own)
        own = Own(addresses=self.own.addresses | further.addresses, domains=self.own.domains | further.domains)
        return recognise(message, own)

    def _score(
        self,
        messages: Sequence[Message],
        automatics: Sequence[Automatic],
        languages: Sequence[Language],
        *,
        unasked: bool,
    ) -> dict[int, Verdict]:
        if self.classifier is None:
            return {}
        chosen = [
            at
            for at, message in enumerate(messages)
            if not message.encrypted and (unasked or automatics[at].label not in _UNSCORED)
        ]
        verdicts = self.classifier.score([words_of(messages[at], languages[at]) for at in chosen])
        return dict(zip(chosen, verdicts, strict=True))


def words_of(message: Message, language: Language) -> Words:
    """What the classifier reads of a mail."""
    return Words(subject=message.subject, reply=message.reply, language=language)
