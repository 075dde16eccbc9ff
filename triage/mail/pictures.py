"""Keeps the program that reads pictures (`triage.mail.ocr`): starts it when there is one to read, ends it afterwards.

What a stranger has drawn is opened in that other process alone. Its memory is its own and is given back when no
picture has come for a while; whatever happens to it, the mail is read without that picture, and a note says so.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from typing import Final, Protocol

from triage.errors import ConfigError
from triage.log import get_logger
from triage.mail.attachments import Attachment
from triage.mail.charset import clean
from triage.mail.documents import MAX_BYTES, MAX_TEXT
from triage.mail.message import Message
from triage.mail.ocr import ANSWER, QUESTION

log = get_logger()

#: bytes of an answer: text in JSON, where a character takes up to twelve
_LONGEST_ANSWER: Final = 12 * MAX_TEXT
#: seconds without a picture after which the program ends
_IDLE_SECONDS: Final = 120.0
#: for a program that is to end by itself, before it is killed
_FAREWELL_SECONDS: Final = 1.0
#: isolated from this folder and the environment, and leaving no files behind
_PROGRAM: Final = (sys.executable, "-IB", "-m", "triage.mail.ocr")
#: all that it has for an environment: secrets stand in ours; its libraries would start a thread for each core
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What OCR made of one attached picture."""

    #: which of `Message.attachments`, from 0
    attachment: int
    #: "" when nothing was read
    text: str = ""
    #: why there is no text, or what was left out; "" when all is well
    note: str = ""


class PictureReader(Protocol):
    """Who reads pictures, as the next room needs it."""

    def read(self, message: Message) -> Sequence[Transcript]:
        """What the attached pictures of a mail say, one transcript each, in their order."""


class Ocr:
    """Reads pictures in a process of its own, one at a time, whatever the number of threads that ask."""

    def __init__(
        self,
        *,
        most: int = 4,
        seconds: int = 30,
        program: Sequence[str] = _PROGRAM,
        idle: float = _IDLE_SECONDS,
    ) -> None:
        """`most` pictures of a mail, and `seconds` for them together; `program` is for tests."""
        self._most = most
        self._seconds = seconds
        self._program = tuple(program)
        self._idle = idle
        self._lock = threading.Lock()
        self._running: _Program | None = None
        self._ending: threading.Timer | None = None

    def close(self) -> None:
        """End the program."""
        with self._lock:
            self._end()

    def check(self) -> str:
        """What reads here, in words. Raises ConfigError where nothing can."""
        with self._lock:
            try:
                with self._within(self._seconds):
                    return self._ready().says
            except _Failed as error:
                raise ConfigError(f"ocr: {error}") from error
            finally:
                self._rest()

    def read(self, message: Message) -> tuple[Transcript, ...]:
        """What the attached pictures say. Never raises for what is wrong with a picture or its reader."""
        pictures = [(at, each) for at, each in enumerate(message.attachments) if each.picture is not None]
        if not pictures:
            return ()
        with self._lock:
            deadline = time.monotonic() + self._seconds
            read = tuple(
                self._read(at, each, deadline)
                if count < self._most
                else Transcript(attachment=at, note=f"not read: one of more than {self._most} pictures")
                for count, (at, each) in enumerate(pictures)
            )
            self._rest()
        return read

    def _read(self, at: int, attachment: Attachment, deadline: float) -> Transcript:
        seconds = ceil(deadline - time.monotonic())
        if seconds < 1:
            return Transcript(
                attachment=at, note=f"not read: the mail's pictures take more than {self._seconds} seconds"
            )
        if attachment.size > MAX_BYTES or attachment.picture is None:
            return Transcript(attachment=at, note="not read: too large")
        try:
            with self._within(seconds):
                text, note = self._ready().read(attachment.picture(), seconds)
        except _Failed as error:
            log.warning("picture_unread", why=str(error))
            return Transcript(attachment=at, note=f"not read: {error}")
        return Transcript(attachment=at, text=clean(text)[:MAX_TEXT].strip(), note=clean(note)[:200])

    def _ready(self) -> "_Program":
        """The program, running and ready for a picture."""
        if self._ending is not None:
            self._ending.cancel()
        if self._running is not None and self._running.is_over():
            self._end()
        if self._running is None:
            self._running = _Program(self._program)
            self._running.greet()
        return self._running

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kill the program when it takes longer; one that fails is ended, and the next picture gets a new one."""
        late = threading.Event()

        def kill() -> None:
            late.set()
            if self._running is not None:
                self._running.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        except _Failed:
            self._end()
            raise
        except (OSError, EOFError) as error:
            ended = self._end()
            raise _Failed(f"it takes more than {seconds:.0f} seconds" if late.is_set() else ended) from error
        except (ValueError, TypeError, RecursionError) as error:
            self._end()
            raise _Failed("the OCR program answers nonsense") from error
        finally:
            timer.cancel()

    def _rest(self) -> None:
        """End the program when no picture has come for a while."""
        if self._running is not None:
            self._ending = threading.Timer(self._idle, self.close)
            self._ending.daemon = True
            self._ending.start()

    def _end(self) -> str:
        """End the program if it is there; how it ended, in words."""
        if self._ending is not None:
            self._ending.cancel()
        running, self._running = self._running, None
        return running.end() if running is not None else "the OCR program does not start"


class _Program:
    """The program, from its start to its end. Raises OSError or EOFError where it has ended."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe, as asked
        assert self._process.stdout is not None  # noqa: S101 - the same
        self._to, self._from = self._process.stdin, self._process.stdout
        #: what it says of itself
        self.says = ""

    def greet(self) -> None:
        """Hear whether it can read."""
        answer = self._hear()
        if "failed" in answer:
            raise _Failed(f"OCR cannot be used: {str(answer['failed'])[:300]}")
        self.says = str(answer.get("ready", ""))[:300]

    def read(self, picture: bytes, seconds: int) -> tuple[str, str]:
        """The text of a picture, and a note. Raises ValueError or TypeError for nonsense."""
        self._to.write(QUESTION.pack(len(picture), seconds))
        self._to.write(picture)
        self._to.flush()
        answer = self._hear()
        text, note = answer.get("text"), answer.get("note")
        if not isinstance(text, str) or not isinstance(note, str):
            raise TypeError
        return text, note

    def _hear(self) -> dict[str, object]:
        (length,) = ANSWER.unpack(self._exactly(ANSWER.size))
        if length > _LONGEST_ANSWER:
            raise ValueError
        answer = json.loads(self._exactly(length))
        if not isinstance(answer, dict):
            raise TypeError
        return answer

    def _exactly(self, length: int) -> bytes:
        data = self._from.read(length)
        if len(data) < length:
            raise EOFError
        return data

    def is_over(self) -> bool:
        """Whether it has ended, as where the machine was short of memory."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it at once, from any thread."""
        self._process.kill()

    def end(self) -> str:
        """End it and take back its pipes; how it ended, in words."""
        with suppress(OSError):
            # what is left in it goes nowhere: the end of its input is the end of the program
            self._to.close()
        self._from.close()
        try:
            code = self._process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return f"the OCR program ended with {f'signal {-code}' if code < 0 else f'status {code}'}"


class _Failed(Exception):
    """The program did not read a picture; the message says why."""


def is_installed() -> bool:
    """Whether the extra is there that OCR needs."""
    return find_spec("rapidocr") is not None
