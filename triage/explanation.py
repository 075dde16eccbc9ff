"""What was read, understood and decided of one mail, as the JSON that other programs read.

`triage explain` prints it and the decision record keeps it. The keys are a contract: they are added to, never changed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from triage.cases.actions import Decision, name_of
from triage.mail.automatic import Automatic
from triage.mail.message import Message
from triage.records.claim import Consulted
from triage.understanding.extract import plain
from triage.understanding.findings import Disputed, Finding, Understanding

#: the parts of an explanation, as `--fields` names them
FIELDS = ("message", "automatic", "dispute", "findings", "decision")
#: what the note of a picture begins with once it was read
_BY_OCR = "read by OCR: compare it with the picture"


def explanation(
    identity: str,
    message: Message,
    understood: Understanding,
    decision: Decision | None,
    fields: Sequence[str] = FIELDS,
) -> dict[str, Any]:
    """The explanation of one mail, with only these fields."""
    parts: dict[str, Callable[[], Any]] = {
        "message": lambda: message_part(message, understood),
        "automatic": lambda: automatic_part(understood.automatic),
        "dispute": lambda: dispute_part(understood, decision),
        "findings": lambda: findings_part(understood),
        "decision": lambda: decision_part(decision) if decision is not None else None,
    }
    return {"id": identity, "ok": True, "error": None} | {name: parts[name]() for name in FIELDS if name in fields}


def failure(identity: str, error: str) -> dict[str, Any]:
    """The answer for a mail that could not be explained."""
    return {"id": identity, "ok": False, "error": error}


def message_part(message: Message, understood: Understanding) -> dict[str, Any]:
    """What was read."""
    return {
        "message_id": message.message_id,
        "subject": message.subject,
        "from": {"name": message.sender.name, "address": message.sender.address},
        "date": message.date.isoformat() if message.date else None,
        "text": message.text,
        "reply": message.reply,
        "language": understood.language,
        "attachments": attachments_part(message, understood, texts=True),
        "problems": list(message.problems),
    }


def attachments_part(message: Message, understood: Understanding, *, texts: bool = False) -> list[dict[str, Any]]:
    """What is attached, and what could not be read of it; `texts` adds what OCR has read in a picture."""
    parts: list[dict[str, Any]] = [
        {
            "filename": attachment.filename,
            "content_type": attachment.content_type,
            "size": attachment.size,
            "note": attachment.note,
        }
        for attachment in message.attachments
    ]
    for picture in understood.pictures:
        part = parts[picture.attachment]
        part["note"] = f"{_BY_OCR}; {picture.note}".rstrip("; ") if picture.text else picture.note
        part["ocr"] = bool(picture.text)
        if texts and picture.text:
            part["ocr_text"] = picture.text
    return parts


def automatic_part(automatic: Automatic) -> dict[str, Any]:
    """Who wrote it: a person or which machine."""
    return {
        "suppress": automatic.suppress,
        "label": automatic.label,
        "why": automatic.why,
        "dsn": automatic.dsn,
        "hard": automatic.hard,
    }


def dispute_part(understood: Understanding, decision: Decision | None) -> dict[str, Any]:
    """Whether it disputes a bill, and why we think so."""
    verdict = understood.verdict
    return {
        "probability": round(verdict.probability, 6) if verdict else None,
        "band": decision.band if decision else None,
        "reason": verdict.reason if verdict else None,
        "reasons": {reason: round(share, 4) for reason, share in verdict.reasons.items()} if verdict else {},
        "evidence": [
            # significant digits: where a verdict is sure, no clause moves its probability by a ten-thousandth
            {"start": words.start, "end": words.end, "text": words.text, "weight": float(f"{words.weight:.4g}")}
            for words in (verdict.evidence if verdict else ())
        ],
        "model": verdict.model if verdict else None,
        "disputed_amount": disputed_part(understood.disputed),
    }


def disputed_part(disputed: Disputed | None) -> dict[str, Any] | None:
    """What the customer contests or claims."""
    if disputed is None:
        return None
    value = plain(disputed.money.value, disputed.money.currency)
    return {"value": value, "currency": disputed.money.currency, "how": disputed.how}


def findings_part(understood: Understanding) -> list[dict[str, Any]]:
    """What was found; what OCR has read in pictures comes last, and is marked: nothing was decided by it."""
    unsure = [finding_part(finding) | {"ocr": True} for picture in understood.pictures for finding in picture.findings]
    return [finding_part(finding) for finding in understood.findings] + unsure


def finding_part(finding: Finding) -> dict[str, Any]:
    """One thing that was found, and where."""
    part: dict[str, Any] = {
        "kind": finding.kind,
        "text": finding.text,
        "value": finding.value,
        "currency": finding.currency,
        "alternatives": list(finding.alternatives),
        "role": finding.role,
        "where": finding.where,
        "start": finding.start,
        "end": finding.end,
    }
    if finding.attachment is not None:
        part["attachment"] = finding.attachment
    return part


def records_part(records: Consulted | None) -> dict[str, Any] | None:
    """What the site's own records say; None where they were not asked. For agents: never for a customer."""
    if records is None:
        return None
    return {
        "verdict": records.verdict,
        "known": records.known,
        "error": records.error or None,
        "findings": [
            {
                "kind": record.kind,
                "says": record.says,
                "stance": record.stance,
                "invoice": record.invoice,
                "evidence": [{"table": row.table, "id": row.id, **row.fields} for row in record.evidence],
            }
            for record in records.records
        ],
    }


def decision_part(decision: Decision) -> dict[str, Any]:
    """What happens to it."""
    return {
        "outcome": decision.outcome,
        "actions": list(dict.fromkeys(name_of(action) for action in decision.actions)),
        "rules": [{"name": trace.name, "hit": trace.hit, "why": trace.why} for trace in decision.rules],
        "summary": decision.summary,
    }


def decided_record(
    message: Message,
    understood: Understanding,
    decision: Decision,
    *,
    records: Consulted | None = None,
    **versions: str,
) -> Mapping[str, Any]:
    """The decision record that the store keeps: the explanation without the texts, which are kept as bytes."""
    return {
        "automatic": automatic_part(understood.automatic),
        "language": understood.language,
        "dispute": dispute_part(understood, decision),
        "findings": findings_part(understood),
        "attachments": attachments_part(message, understood),
        "records": records_part(records),
        "decision": decision_part(decision),
        "problems": list(message.problems),
        "versions": {"rules": understood.rules, **versions},
    }
