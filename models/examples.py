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
from triage.understanding.classify import Words
from triage.understanding.findings import Language

#: sources whose texts may be trained on and the model given away; `models/*/card.md` lists their licences
LICENSED = ("banking77", "clinc150", "bitext", "cfpb", "enron_cat", "codealltag")


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


def from_corpus(folder: Path) -> list[Example]:
    """The mails that were written for this project."""
    return [_example(mail) for mail in read_corpus(folder)]


def _example(mail: CorpusMail) -> Example:
    return Example(
        id=mail.id,
        words=Words(subject=mail.subject, reply=mail.body, language=cast(Language, mail.language)),
        dispute=mail.is_dispute,
        reason=mail.label if mail.is_dispute else None,
        also=mail.also,
        source="corpus",
        fold=mail.hand,
        kind=mail.kind,
    )


def from_rows(path: Path, sources: Iterable[str] = LICENSED) -> list[Example]:
    """Rows of a gzipped JSON lines file (`id source lang subject text is_billing_dispute dispute_type`)."""
    wanted = frozenset(sources)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [cast("dict[str, Any]", json.loads(line)) for line in lines]
    return [
        Example(
            id=row["id"],
            words=Words(subject=row["subject"] or "", reply=row["text"], language=row["lang"]),
            dispute=row["is_billing_dispute"],
            reason=row["dispute_type"],
            source=row["source"],
            fold=row["source"],
        )
        for row in rows
        if row["source"] in wanted
    ]
