"""The zip around office documents cannot expand without end."""

import zipfile

import pytest
from files import packed

from triage.mail.documents import Unreadable
from triage.mail.documents.package import Package


def test_members_are_read_by_name_and_number() -> None:
    """The tenth comes after the second."""
    package = Package(packed({"s10.xml": "ten", "s2.xml": "two", "other.xml": ""}))
    assert package.numbered(r"s(\d+)\.xml") == ["s2.xml", "s10.xml"]
    assert package.read("s2.xml") == b"two"
    assert "s2.xml" in package
    assert "s3.xml" not in package


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_in_pieces_is_refused(compression: int) -> None:
    """A few kilobytes of bzip2 are gigabytes before anybody can look at their length."""
    package = Package(packed({"word/document.xml": "words"}, compression))
    with pytest.raises(Unreadable, match="damaged or encrypted"):
        package.read("word/document.xml")


def test_members_are_bounded_together() -> None:
    """Each of them is small enough; all of them are not."""
    package = Package(packed({f"s{number}.xml": b" " * 20_000_000 for number in range(4)}))
    for number in range(3):
        package.read(f"s{number}.xml")
    with pytest.raises(Unreadable, match="unpacks to more"):
        package.read("s3.xml")


def test_a_directory_of_very_many_members_is_refused() -> None:
    """It would be read whole before the first member."""
    with pytest.raises(Unreadable, match="more members"):
        Package(packed({f"{number}": "" for number in range(10_001)}))
