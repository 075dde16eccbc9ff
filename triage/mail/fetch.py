"""FETCH: mails by UID, sizes before bytes, in pipelined batches that bound memory.

A mail that the server cannot hand over is found by halving and handed on without its bytes, so that the others come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

from triage.mail.account import Account, said
from triage.mail.message import RawMail

#: bytes that one FETCH may bring in, and how many mails: bounds memory, keeps the pipeline full
_BATCH_BYTES = 8 * 1024 * 1024
_BATCH_MAILS = 100
#: mails whose sizes are asked for at once
_SIZES = 1000
#: how much of a giant mail is fetched: headers and the beginning of its text
_GIANT_HEAD = 256 * 1024
#: what imapclient raises over an answer that it cannot read, beside its own ProtocolError
NONSENSE = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
#: stands for the reason in the place of an answer
_WITHHELD = b"WITHHELD"


class Fetch:
    """Mails of the folder that is selected.

    `client` gives the connection; `reopen` makes another after one was lost over a mail, or raises MailboxError.
    """

    def __init__(
        self,
        account: Account,
        uidvalidity: int,
        *,
        client: Callable[[], IMAPClient],
        reopen: Callable[[Exception], None],
    ) -> None:
        self._account = account
        self._uidvalidity = uidvalidity
        self._client = client
        self._reopen = reopen

    def batches(self, uids: Sequence[int]) -> Iterator[Sequence[RawMail]]:
        """Batches of these mails, in order; those that are gone are left out."""
        for start in range(0, len(uids), _SIZES):
            asked = uids[start : start + _SIZES]
            sizes = self._ask(asked, ("RFC822.SIZE", "INTERNALDATE"))
            known = [(uid, sizes[uid]) for uid in asked if uid in sizes]
            for batch in _batches(known, self._account.max_size):
                yield self._bring(batch)

    def _bring(self, batch: Sequence[tuple[int, Mapping[bytes, Any]]]) -> Sequence[RawMail]:
        """The mails of a batch whose sizes are known; those that are gone are left out."""
        giant = any(data[b"RFC822.SIZE"] > self._account.max_size for _, data in batch)
        section = f"BODY.PEEK[]<0.{_GIANT_HEAD}>" if giant else "BODY.PEEK[]"
        contents = self._ask([uid for uid, data in batch if _WITHHELD not in data], (section,))
        mails = []
        for uid, data in batch:
            answer = data if _WITHHELD in data else contents.get(uid)
            if answer is None:
                continue
            content = _content(answer) or b""
            mails.append(
                RawMail(
                    mailbox=self._account.name,
                    folder=self._account.folder,
                    uidvalidity=self._uidvalidity,
                    uid=uid,
                    arrived=_moment(data.get(b"INTERNALDATE")),
                    content=content,
                    size=data[b"RFC822.SIZE"],
                    truncated=giant and len(content) < data[b"RFC822.SIZE"],
                    withheld=answer.get(_WITHHELD, ""),
                )
            )
        return mails

    def _ask(self, uids: Sequence[int], items: Sequence[str], *, again: bool = True) -> dict[int, Mapping[bytes, Any]]:
        """FETCH: UID → answer. Mails that are gone are left out.

        Some servers say NO, cut off, or say nothing, over a single mail that they have damaged: what fails is asked for
        again in halves, and a mail that fails alone, twice, is answered with the reason.
        """
        if not uids:
            return {}
        try:
            answers = self._answers(uids, items)
            left = self._still_there([uid for uid in uids if uid not in answers])
            why = "the server says nothing of it"
        except (IMAPClientError, OSError, *NONSENSE) as error:
            if isinstance(error, (IMAPClientAbortError, ProtocolError, OSError, *NONSENSE)):
                self._reopen(error)
            answers, left, why = {}, list(uids), said(error)
        if len(uids) == 1 and left and not again:
            return {uids[0]: {_WITHHELD: f"the server cannot hand it over: {why}", b"RFC822.SIZE": 0}}
        half = (len(left) + 1) // 2
        for part in (left[:half], left[half:]):
            answers |= self._ask(part, items, again=len(uids) > 1)
        return answers

    def _answers(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, Any]]:
        answers = self._client().fetch(uids, items)
        # servers also tell unasked of flags that others change, by number of mail where we know only UIDs
        return {
            uid: answers[uid]
            for uid in uids
            if uid in answers and (b"RFC822.SIZE" in answers[uid] or _content(answers[uid]) is not None)
        }

    def _still_there(self, uids: Sequence[int]) -> list[int]:
        """Those that the folder still has: what is not answered may have been expunged meanwhile."""
        return sorted(self._client().search(["UID", ",".join(map(str, uids))])) if uids else []


def _batches(
    mails: Sequence[tuple[int, Mapping[bytes, Any]]], max_size: int
) -> Iterator[Sequence[tuple[int, Mapping[bytes, Any]]]]:
    """Batches of bounded bytes and number; a giant mail comes alone."""
    batch: list[tuple[int, Mapping[bytes, Any]]] = []
    weight = 0
    for uid, data in mails:
        size = data[b"RFC822.SIZE"]
        giant = size > max_size
        if batch and (giant or weight + size > _BATCH_BYTES or len(batch) >= _BATCH_MAILS):
            yield batch
            batch, weight = [], 0
        batch.append((uid, data))
        weight += size
        if giant:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _moment(internal_date: datetime | None) -> datetime:
    if internal_date is None:
        return datetime.now(UTC)
    return internal_date if internal_date.tzinfo is not None else internal_date.replace(tzinfo=UTC)


def _content(answer: Mapping[bytes, Any]) -> bytes | None:
    # the key comes back as BODY[] or BODY[]<0>; a server at its wits' end says NIL
    return next((value for key, value in answer.items() if key.startswith(b"BODY[]")), None)
