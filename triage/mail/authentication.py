"""May the sender's address be believed? Reads Authentication-Results (RFC 8601), of trusted servers only.

The site's own mail server checks SPF, DKIM and DMARC when a mail comes in and writes down what it found. A sender can
write the same header, so only lines with the name (authserv-id) of a server that the admin trusts are read. Nothing is
looked up here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from triage.mail.message import Message

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"^\s*([A-Za-z0-9-]+)(?:/\d+)?\s*=\s*([A-Za-z]+)\b(.*)$", re.S)
_PROPERTY = re.compile(r"\b([a-z]+\.[a-z0-9_-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.I)
_MAX_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What trusted servers say about the sender in From."""

    verdict: Literal["pass", "fail", "none"]
    #: in plain words, for the record
    why: str


@dataclass(frozen=True, kw_only=True)
class _Result:
    method: str
    result: str
    properties: dict[str, str]


def sender_trust(message: Message, trusted: frozenset[str]) -> Trust:
    """Whether the domain in From is authenticated; `trusted` holds authserv-ids in lower case.

    DMARC settles it. Without DMARC, a DKIM or SPF pass counts only for the domain in From or one that it belongs to.
    """
    results: list[_Result] = []
    for line in message.headers.get("authentication-results", ())[:_MAX_LINES]:
        # Servers write on top: what a lower line says of a method that a higher one has judged may be the sender's.
        judged = {result.method for result in results}
        results += [result for result in _read(line, trusted) if result.method not in judged]
    if not results:
        return Trust(verdict="none", why="no trusted server has checked the sender")
    domain = message.sender.address.partition("@")[2]
    dmarc = {result.result for result in results if result.method == "dmarc"}
    if dmarc & {"fail", "permerror", "reject", "quarantine"}:
        return Trust(verdict="fail", why=f"DMARC failed for {domain}")
    if dmarc & {"pass", "bestguesspass"}:
        return Trust(verdict="pass", why=f"DMARC passed for {domain}")
    aligned = [result for result in results if result.result == "pass" and _is_aligned(domain, _domain_of(result))]
    if aligned:
        return Trust(verdict="pass", why=f"{aligned[0].method.upper()} passed for {_domain_of(aligned[0])}")
    failed = [
        result
        for result in results
        if result.result in ("fail", "hardfail") and _is_aligned(domain, _domain_of(result))
    ]
    if failed:
        return Trust(verdict="fail", why=f"{failed[0].method.upper()} failed for {_domain_of(failed[0])}")
    return Trust(verdict="none", why="nothing that was checked speaks for the domain in From")


def _read(line: str, trusted: frozenset[str]) -> Iterator[_Result]:
    """The results of one header line, none when it is not from a trusted server."""
    bare = line
    for _ in range(4):  # comments nest
        bare = _COMMENT.sub(" ", bare)
    server, _, rest = bare.partition(";")
    name = server.split()
    if not name or name[0].strip('"').lower() not in trusted:
        return
    for clause in rest.split(";"):
        found = _METHOD.match(clause)
        if found:
            properties = {key.lower(): value.strip('"').lower() for key, value in _PROPERTY.findall(found[3])}
            yield _Result(method=found[1].lower(), result=found[2].lower(), properties=properties)


def _domain_of(result: _Result) -> str:
    """The domain that a DKIM or SPF result is about; "" for other methods."""
    if result.method == "dkim":
        named = result.properties.get("header.d") or result.properties.get("header.i", "")
    elif result.method == "spf":
        named = result.properties.get("smtp.mailfrom", "")
    else:
        named = ""
    return named.rpartition("@")[2]


def _is_aligned(domain: str, checked: str) -> bool:
    """The same domain, or one below the other (relaxed alignment, RFC 7489 section 3.1, without a list of suffixes)."""
    if not domain or "." not in checked:
        return False
    return domain == checked or domain.endswith("." + checked) or checked.endswith("." + domain)
