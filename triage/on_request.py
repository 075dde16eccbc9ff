"""What a person asks for: confirm a case in review, open one from a mail that was missed, let a held letter go."""

from triage.cases.decide import acknowledgement_on_request, decide_on_request
from triage.errors import NotFound, OperatorError
from triage.explanation import decided_record
from triage.letters.compose import CannotCompose
from triage.mail.message import parse
from triage.pipeline import House, Reading, arrival_of, consult


def confirm(house: House, reference: str, *, actor: str) -> None:
    """A person says that a case in review is a dispute: it opens and is acknowledged.

    Raises NotFound, and OperatorError for a case that is not in review.
    """
    raw = house.store.books.content(house.store.cases.opening_mail(reference))
    if raw is None:
        raise NotFound(f"the mail that opened {reference} is gone")
    # no letter goes by a picture, and somebody waits
    message = parse(raw.content, truncated=raw.truncated).without_pictures()
    understood = house.understand([message])[0]
    house.store.cases.confirm(
        reference,
        lambda case, acknowledge: house.write(case, acknowledge, raw, message, understood),
        acknowledge=acknowledgement_on_request(message, understood, house.policy),
        actor=actor,
        now=house.now(),
    )


def open_case(house: House, mail: str, *, reason: str, actor: str) -> str:
    """A person says that a mail without a case is a dispute: a case opens and is acknowledged; gives its reference.

    `mail` is a Message-ID, or MAILBOX/UID; without a `reason` the model's counts. Raises NotFound, and OperatorError
    for a mail that has a case or has not been read.
    """
    kept = house.store.books.find(mail)
    message = parse(kept.raw.content, truncated=kept.raw.truncated)
    understood = house.understand([message])[0]
    reading = Reading(message=message, understood=understood, records=consult(house, kept.raw, message, understood))
    decision = decide_on_request(
        message,
        reading.settled,
        house.policy,
        arrival=arrival_of(house, kept.raw),
        reason=reason or (understood.verdict.reason if understood.verdict else "other"),
        actor=actor,
    )
    return house.store.cases.open(
        kept,
        message,
        reading.settled,
        decision,
        decided_record(message, reading.settled, decision, records=reading.records, model=house.model),
        lambda reference, acknowledge: house.write(reference, acknowledge, kept.raw, message, understood),
        actor=actor,
        now=house.now(),
    )


def release(house: House, letter_id: int, *, as_written: bool = False, actor: str) -> None:
    """A person lets a held letter go: dated for this moment, word for word the same, or `as_written`.

    Raises NotFound, and OperatorError for a letter that is not held, or that cannot be dated anew.
    """
    view, anew = house.store.outbox.show(letter_id), None
    if not as_written and view.content and view.line.state == "held":
        try:
            if view.context is None:
                raise CannotCompose("it was written by an earlier version")
            anew = house.date_anew(view.content, view.context)
        except CannotCompose as error:
            why = f"letter {letter_id} cannot be dated anew: {error}"
            raise OperatorError(f"{why}; --as-written lets it go with the dates that it has, or cancel it") from error
    house.store.outbox.release(letter_id, anew=anew, actor=actor, now=house.now())
