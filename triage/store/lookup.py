"""What the books already know that bears on a mail: copies of it, its case, the letters that it speaks of.

Every question is a statement that is built once and answered by an index, so that a mail costs the same in a full
house as in an empty one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, Executable, bindparam, exists, func, select
from sqlmodel import Session, col

from triage.cases.decide import reply_address
from triage.cases.known import Known, KnownCase, KnownLetter, Sighting
from triage.cases.lifecycle import UNFINISHED
from triage.cases.threads import references_in
from triage.mail.message import Message
from triage.records.ledger import normalised
from triage.store.books import SAME_WORDS, words_digest
from triage.store.pseudonyms import hashed_id
from triage.store.tables import Case, CaseInvoice, Mail, MailReference, OutgoingLetter, Participant
from triage.understanding.findings import Understanding

#: a customer who names the same invoice again within this time means the same dispute
_SAME_CLAIM: Final = timedelta(days=90)
_DAY: Final = timedelta(hours=24)
#: relays give up after five days (RFC 5321 section 4.5.4.1); a bounce that comes later speaks of another letter
_BOUNCES: Final = timedelta(days=7)
#: ids of a thread that are looked for; a longer one is known by its newest
_MOST_IDS: Final = 50
#: RFC 5322 section 2.1.1: no line is longer, so no id is; a key of an index has its bounds too
_LONGEST_ID: Final = 998

_OTHER_MAILS: Final = (col(Mail.outcome).in_(("taken", "duplicate")), col(Mail.id) != bindparam("mail_id"))
_FIRST_MAIL: Final = (
    select(col(Mail.id))
    .where(*_OTHER_MAILS)
    # by time and not by id: PostgreSQL would walk along the ids to save itself the sorting
    .order_by(col(Mail.arrived), col(Mail.id))
    .limit(1)
)
#: an id as it came, and as the books know it once the mail is past its time
_EITHER: Final[tuple[BindParameter[str], ...]] = (bindparam("message_id"), bindparam("hashed"))
_SAME_MESSAGE: Final = _FIRST_MAIL.where(
    col(Mail.message_id).in_(_EITHER), col(Mail.words_digest) == bindparam("digest")
)
_SAME_WORDS: Final = _FIRST_MAIL.where(
    col(Mail.sender) == bindparam("sender"),
    bindparam("sender") != "",
    col(Mail.words_digest) == bindparam("digest"),
    bindparam("digest") != "",
    col(Mail.arrived) > bindparam("since"),
)
_SIGHTING: Final = (
    select(col(Mail.id), col(Mail.mailbox), col(Mail.case_id), col(Case.reference), col(Mail.arrived))
    .outerjoin(Case, col(Case.id) == col(Mail.case_id))
    .where(col(Mail.id) == bindparam("seen"))
)
_CASE_BY_ANSWER: Final = (
    select(col(MailReference.case_id))
    .where(col(MailReference.message_id).in_(_EITHER))
    .order_by(col(MailReference.case_id))
    .limit(1)
)
_OWN_LETTER: Final = select(col(OutgoingLetter.id)).where(col(OutgoingLetter.message_id) == bindparam("message_id"))
#: what is asked of every mail, in one question; what the answer names, which is nothing as a rule, is asked for then
_ASKED_OF_ALL: Final = select(
    _SAME_MESSAGE.scalar_subquery().label("same_message"),
    _SAME_WORDS.scalar_subquery().label("same_words"),
    _CASE_BY_ANSWER.scalar_subquery().label("answered_in"),
    _OWN_LETTER.scalar_subquery().label("own_letter"),
    select(func.count())
    .select_from(OutgoingLetter)
    .where(col(OutgoingLetter.recipient) == bindparam("answer_to"), col(OutgoingLetter.created_at) > bindparam("day"))
    .scalar_subquery()
    .label("letters_to_sender"),
    select(func.count())
    .select_from(Mail)
    .where(
        col(Mail.words_digest) == bindparam("digest"), bindparam("digest") != "", col(Mail.arrived) > bindparam("day")
    )
    .scalar_subquery()
    .label("repeats"),
    exists(
        select(col(Mail.id)).where(col(Mail.sender) == bindparam("sender"), bindparam("sender") != "", *_OTHER_MAILS)
    ).label("sender_known"),
)
_CASE_BY_LETTER: Final = (
    select(col(OutgoingLetter.case_id))
    .where(col(OutgoingLetter.message_id).in_(bindparam("ids", expanding=True)))
    .order_by(col(OutgoingLetter.created_at).desc(), col(OutgoingLetter.id).desc())
    .limit(1)
)
_CASE_BY_MAIL: Final = (
    select(col(Mail.case_id))
    .where(col(Mail.message_id).in_(bindparam("ids", expanding=True)), col(Mail.case_id).is_not(None))
    .order_by(col(Mail.kept_at).desc(), col(Mail.id).desc())
    .limit(1)
)
# others may have answered the same mail: one to all customers is answered by many, each about a matter of their own
_CASE_BESIDE: Final = (
    select(col(MailReference.case_id))
    .join(Participant, col(Participant.case_id) == col(MailReference.case_id))
    .where(
        col(MailReference.message_id).in_(bindparam("ids", expanding=True)),
        col(Participant.address) == bindparam("sender"),
    )
    .order_by(col(MailReference.case_id).desc())
    .limit(1)
)
_CASE_BY_REFERENCE: Final = select(col(Case.id)).where(col(Case.reference) == bindparam("reference"))
_CASE_BY_CLAIM: Final = (
    select(col(Case.id))
    .join(CaseInvoice, col(CaseInvoice.case_id) == col(Case.id))
    .where(
        col(CaseInvoice.invoice).in_(bindparam("invoices", expanding=True)),
        col(Case.customer) == bindparam("customer"),
        col(Case.state).in_(UNFINISHED),
        col(Case.opened_at) > bindparam("since"),
    )
    .order_by(col(Case.opened_at).desc(), col(Case.id).desc())
    .limit(1)
)
_LETTER: Final = (
    select(
        col(OutgoingLetter.id),
        col(OutgoingLetter.case_id),
        col(OutgoingLetter.message_id),
        col(OutgoingLetter.recipient),
    )
    .order_by(col(OutgoingLetter.created_at).desc(), col(OutgoingLetter.id).desc())
    .limit(1)
)
_LETTER_BY_ID: Final = _LETTER.where(col(OutgoingLetter.message_id).in_(bindparam("ids", expanding=True)))
_LETTER_TO: Final = _LETTER.where(
    col(OutgoingLetter.recipient) == bindparam("recipient"),
    col(OutgoingLetter.created_at) > bindparam("since"),
    col(OutgoingLetter.attempts) > 0,
)
_PARTICIPANTS: Final = select(col(Participant.address)).where(col(Participant.case_id) == bindparam("case_id"))
_ACKNOWLEDGED: Final = select(
    exists(
        select(col(OutgoingLetter.id)).where(
            col(OutgoingLetter.case_id) == bindparam("case_id"), col(OutgoingLetter.kind) == "acknowledgement"
        )
    )
)


def known_about(
    session: Session, mail_id: int | None, message: Message, understood: Understanding, *, now: datetime
) -> Known:
    """Everything in the books that bears on this mail; `mail_id` None for a mail that is not in them."""
    session.flush()
    digest, sender, automatic = words_digest(message), message.sender.address, understood.automatic
    facts = {
        "mail_id": mail_id or 0,
        "message_id": message.message_id,
        "hashed": hashed_id(message.message_id),
        "digest": digest,
        "sender": sender,
        "answer_to": reply_address(message).address,
        "day": now - _DAY,
        "since": now - SAME_WORDS,
    }
    asked = _first(session, _ASKED_OF_ALL, facts)
    speaks_of = [automatic.original_message_id] if automatic.original_message_id else []
    return Known(
        same_message=_sighting(session, asked.same_message),
        same_words=_sighting(session, asked.same_words),
        thread=_thread(session, message),
        answered_in=_facts(session, asked.answered_in),
        by_reference=_by_reference(session, message),
        same_claim=_same_claim(session, sender, understood, now),
        own_letter=_letter(session, [message.message_id]) if asked.own_letter else None,
        # many a bounce names only whom it did not reach
        answered_letter=_letter(session, [*speaks_of, *message.references])
        or _letter_to(session, automatic.recipient, now=now),
        letters_to_sender=asked.letters_to_sender,
        repeats=asked.repeats,
        sender_known=bool(asked.sender_known),
    )


def _first(session: Session, statement: Executable, values: Mapping[str, Any]) -> Any:
    """The first row of an answer; past the session, whose bookkeeping of objects costs more than the question."""
    return session.connection().execute(statement, values).first()


def _one(session: Session, statement: Executable, values: Mapping[str, Any]) -> int | None:
    """The id in the first row of an answer; None where there is no row."""
    row = _first(session, statement, values)
    return row[0] if row else None


def _sighting(session: Session, mail_id: int | None) -> Sighting | None:
    if mail_id is None:
        return None
    row = _first(session, _SIGHTING, {"seen": mail_id})
    return Sighting(
        mail_id=row.id, mailbox=row.mailbox, case_id=row.case_id, case_reference=row.reference, arrived=row.arrived
    )


def _thread(session: Session, message: Message) -> KnownCase | None:
    ids = answered_by(message)
    if not ids:
        return None
    facts = {"ids": [*ids, *map(hashed_id, ids)], "sender": message.sender.address}
    questions = (_CASE_BY_LETTER, _CASE_BY_MAIL, _CASE_BESIDE)
    return _facts(session, next((case for each in questions if (case := _one(session, each, facts))), None))


def answered_by(message: Message) -> list[str]:
    """The Message-IDs that a mail answers, the newest last."""
    return [each for each in message.references if len(each) <= _LONGEST_ID][-_MOST_IDS:]


def _by_reference(session: Session, message: Message) -> KnownCase | None:
    named = references_in(message.subject)
    return _facts(session, _one(session, _CASE_BY_REFERENCE, {"reference": named[0]})) if named else None


def _same_claim(session: Session, sender: str, understood: Understanding, now: datetime) -> KnownCase | None:
    invoices = [normalised(finding.value) for finding in understood.findings if finding.kind == "invoice"]
    if not invoices or not sender:
        return None
    claim = {"invoices": invoices, "customer": sender, "since": now - _SAME_CLAIM}
    return _facts(session, _one(session, _CASE_BY_CLAIM, claim))


def _facts(session: Session, case_id: int | None) -> KnownCase | None:
    """A case, locked: two replies to it that are read at once take turns."""
    row = session.get(Case, case_id, with_for_update=True) if case_id else None
    if row is None or row.id is None:
        return None
    connection = session.connection()
    return KnownCase(
        id=row.id,
        reference=row.reference or "",
        state=row.state,  # type: ignore[arg-type]  # the column holds what lifecycle.after gave
        participants=frozenset(connection.execute(_PARTICIPANTS, {"case_id": row.id}).scalars()),
        acknowledged=bool(connection.execute(_ACKNOWLEDGED, {"case_id": row.id}).scalar()),
    )


def _letter(session: Session, ids: Sequence[str]) -> KnownLetter | None:
    return _known_letter(_first(session, _LETTER_BY_ID, {"ids": list(ids)[-_MOST_IDS:]})) if ids else None


def _letter_to(session: Session, recipient: str | None, *, now: datetime) -> KnownLetter | None:
    if not recipient:
        return None
    return _known_letter(_first(session, _LETTER_TO, {"recipient": recipient.lower(), "since": now - _BOUNCES}))


def _known_letter(row: Any) -> KnownLetter | None:
    if row is None:
        return None
    return KnownLetter(id=row.id, case_id=row.case_id, message_id=row.message_id, recipient=row.recipient)
