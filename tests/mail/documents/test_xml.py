"""XML in documents expands nothing, fetches nothing and ends in time."""

import pytest

from triage.mail.documents import Unreadable, xml

BOMB = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>"
FETCH = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (BOMB, "entities"),
        (FETCH, "entities"),
        ("<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'><x/>", "entities"),
        ("<a>" * 1_000, "more elements"),
        ("<a>" + "<b/>" * 200_000 + "</a>", "more elements"),
        ("<a>", "damaged"),
        ("", "damaged"),
        ("<?xml version='1.0' encoding='klingon'?><a/>", "damaged"),
    ],
    ids=["bomb", "file", "DTD", "deep", "wide", "cut", "empty", "encoding"],
)
def test_hostile_files_are_refused(data: str, why: str) -> None:
    """Entities of any kind, trees without end, damage."""
    with pytest.raises(Unreadable, match=why):
        xml.tree(data.encode())


def test_a_tree_has_local_names_and_any_charset_that_it_declares() -> None:
    """Prefixes are the writer's own."""
    root = xml.tree(
        "<?xml version='1.0' encoding='windows-1252'?><q:a xmlns:q='u'><q:b>5 €</q:b></q:a>".encode("cp1252")
    )
    assert (root.tag, root.findtext("b")) == ("a", "5 €")
