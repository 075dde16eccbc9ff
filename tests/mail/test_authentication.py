"""Whose word about the sender counts."""

import pytest

from triage.mail.authentication import sender_trust
from triage.mail.message import parse

TRUSTED = frozenset({"mx.desk.example"})


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([], "none"),
        (["mx.desk.example; dmarc=pass header.from=shop.example"], "pass"),
        (
            ["mx.desk.example 1; spf=pass smtp.mailfrom=x.example; dmarc=fail (p=REJECT) header.from=shop.example"],
            "fail",
        ),
        (["mx.desk.example; dkim=pass header.d=shop.example header.s=k1"], "pass"),
        (["mx.desk.example; dkim=pass header.d=evil.example"], "none"),
        (["mx.desk.example; spf=pass smtp.mailfrom=bounce@mail.shop.example"], "pass"),
        (["mx.desk.example; spf=fail smtp.mailfrom=a@shop.example"], "fail"),
        (["mx.desk.example; none"], "none"),
        (["evil.example; dmarc=pass header.from=shop.example"], "none"),
        (["mx.desk.example.evil.example; dmarc=pass"], "none"),
        (["(mx.desk.example;) evil.example; dmarc=pass"], "none"),
        (["mx.desk.example; dmarc=fail", "mx.desk.example; dmarc=pass"], "fail"),
        (["mx.desk.example; spf=pass smtp.mailfrom=evil.example (dmarc=pass; dmarc=pass)"], "none"),
    ],
)
def test_only_trusted_servers_are_believed(results: list[str], verdict: str) -> None:
    """Lines of other servers, comments, and lines below a trusted one's verdict prove nothing."""
    headers = "".join(f"Authentication-Results: {line}\n" for line in results)
    trust = sender_trust(parse(f"{headers}From: Ann <ann@shop.example>\n\nhi".encode()), TRUSTED)
    assert trust.verdict == verdict
    assert trust.why
