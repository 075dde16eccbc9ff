"""The wiring, as far as it does more than join parts."""

from collections.abc import Sequence
from threading import Barrier

from furnished import mail

from triage.config.settings import Settings
from triage.house import House
from triage.mail.automatic import Automatic
from triage.mail.message import Message, parse
from triage.understanding.findings import Understanding


class Meeting:
    """Understands mails only when two threads ask at the same time."""

    def __init__(self) -> None:
        self._barrier = Barrier(2, timeout=60)

    def understand(self, messages: Sequence[Message]) -> list[Understanding]:
        """The subject of each mail as a note."""
        self._barrier.wait()
        human = Automatic(suppress=False, label="human", why="")
        return [
            Understanding(automatic=human, language="en", verdict=None, notes={"subject": message.subject})
            for message in messages
        ]


def test_mails_are_read_side_by_side_and_come_back_in_order() -> None:
    """The network lets other threads work: mails of one batch are shared out, and each keeps its own reading."""
    messages = [parse(mail(subject=f"mail {number}")) for number in range(8)]
    with House(Settings(model={"threads": 2})) as house:
        vars(house).update(understander=Meeting(), take_up=lambda: None)
        understood = house.understand(messages)
    assert [each.notes["subject"] for each in understood] == [f"mail {number}" for number in range(8)]


def test_more_mails_share_a_commit_where_no_network_reads_them() -> None:
    """With the network a batch is small, so that what is decided is written soon; without it the commits would cost."""
    with House(Settings(model={"backend": "none"})) as quick, House(Settings(model={"backend": "onnx"})) as thorough:
        assert quick.together > thorough.together
