"""Labelled mails to train and measure on: our corpus, and rows of other sources with a clear licence.

An example carries its *fold*, the hand or the source that it comes from: mails of one hand resemble one another, so
that only figures on whole folds that were never trained on say something about mail from elsewhere.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from models.corpus_read import CorpusMail, read_corpus
from models.marks import mark
from triage.mail.message import message_from_text
from triage.understanding.classify import Words
from triage.understanding.findings import Language

#: sources whose texts may be trained on and the model given away; `models/*/card.md` lists their licences
LICENSED = ("banking77", "clinc150", "bitext", "cfpb", "enron_cat", "codealltag")
#: share of a text that must be left once quotes and signature are off
LEAST = 0.2


@dataclass(frozen=True, kw_only=True)
class Example:
    """A labelled mail."""

    id: str
    words: Words
    dispute: bool
    #: None where it is no dispute, or where the source does not say
    reason: str | None
    #: other reasons that are defensible
    also: tuple[str, ...] = ()
    #: "corpus" or the name of the source
    source: str
    #: hand or source: never split between training and measuring
    fold: str
    #: what a mail that is no dispute is instead, where known
    kind: str = ""
    #: the words with their numbers marked (`models.marks`); None where nobody has said what the numbers are
    marked: Words | None = None


def from_corpus(folder: Path) -> list[Example]:
    """The mails that were written for this project."""
    return [_example(mail) for mail in read_corpus(folder)]


def _example(mail: CorpusMail) -> Example:
    words = _words(mail.subject, mail.body, mail.language)
    return Example(
        id=mail.id,
        words=words,
        marked=mark(words, mail),
        dispute=mail.is_dispute,
        reason=mail.label if mail.is_dispute else None,
        also=mail.also,
        source="corpus",
        fold=mail.hand,
        kind=mail.kind,
    )


def _words(subject: str, text: str, language: str) -> Words:
    """What the classifier would be given of such a mail: its own words, quotes and signature off."""
    message = message_from_text(text, subject=subject)
    forwarded = [message.text[part.start : part.end].strip() for part in message.parts if part.label == "forwarded"]
    reply = "\n\n".join([message.reply, *(words for words in forwarded if words[-80:] not in message.reply)])
    # A label that was given to the whole mail must not be learned from a mere greeting.
    kept = reply if len(reply) > LEAST * len(text) else text
    return Words(subject=message.subject, reply=kept, language=cast(Language, language))


def from_rows(path: Path, sources: Iterable[str] = LICENSED) -> list[Example]:
    """Rows of a gzipped JSON lines file (`id source lang subject text is_billing_dispute dispute_type`)."""
    wanted = frozenset(sources)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [cast("dict[str, Any]", json.loads(line)) for line in lines]
    return [
        Example(
            id=row["id"],
            words=_words(row["subject"] or "", row["text"], row["lang"]),
            dispute=row["is_billing_dispute"],
            reason=row["dispute_type"],
            source=row["source"],
            fold=row["source"],
        )
        for row in rows
        if row["source"] in wanted
    ]
