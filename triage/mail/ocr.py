"""Reads the words of pictures: a program of its own, which `triage.mail.pictures` starts and ends.

One picture after the other comes in on standard input: eight bytes (its length, and the seconds that there are for it,
both unsigned, big-endian), then PNG, JPEG, WebP, TIFF, BMP or PDF. Each is answered on standard output: four bytes of
length, then JSON, {"text", "note"}. The first answer, unasked, is {"ready"} with what reads here, or {"failed"} with
why nothing does.

A picture may be made to harm its reader. So this program is given no secrets, opens no connection, starts no other
program, writes no file and gets little memory; when it dies, one attachment stays unread. It ends with its input.
"""

import base64
import ctypes
import hashlib
import io
import json
import os
import resource
import signal
import statistics
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from math import atan2, cos, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from PIL.Image import Image

#: length and seconds of a picture, length of an answer
QUESTION: Final = struct.Struct(">II")
ANSWER: Final = struct.Struct(">I")

#: bytes of memory that the program writes to; a dense page needs 600 MB, the largest photo 720
_MOST_MEMORY: Final = 1280 * 1024 * 1024
#: what a picture may hold once it is unpacked; cameras make up to 50 million
_MOST_PIXELS: Final = 64_000_000
#: pictures with fewer hold no bill that one could read
_FEWEST_PIXELS: Final = 20_000
#: longest side in pixels that is looked at: a page at 170 dots an inch
_LONGEST_SIDE: Final = 2000
#: a picture whose shorter side has fewer is made larger: screenshots have small letters
_SHORTEST_SIDE: Final = 736
#: pages of one file
_MOST_PAGES: Final = 4
_MOST_THREADS: Final = 4
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
#: rapidocr's models, as they lie in its wheel: latin letters with their accents, Chinese and Japanese
_MODELS: Final = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
    "Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}
#: for unshare(2)
_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
#: what Python itself would do to reach others, by the names of its audit events
_FORBIDDEN: Final = ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.", "os.system", "os.exec",
                     "os.fork", "os.posix_spawn", "os.spawn")  # fmt: skip

#: the words of a page, from its pixels (height, width, BGR)
Read = Callable[[Any], list["Word"]]


class _Unreadable(Exception):
    """This picture cannot be read; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """Words that stand together, and the line on which they stand, in pixels."""

    text: str
    left: float
    #: of the middle of their height
    middle: float
    height: float
    #: how far they rise or fall, in radians
    slope: float
    width: float


def main() -> None:
    """Answer until standard input ends."""
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, _own_output())


def _serve(questions: BinaryIO, answers: BinaryIO) -> None:
    _fence_in()
    try:
        says, read = _engine()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
        _answer(answers, {"failed": str(error) or type(error).__name__})
        return
    _answer(answers, {"ready": says})
    while len(head := questions.read(QUESTION.size)) == QUESTION.size:
        length, seconds = QUESTION.unpack(head)
        content = questions.read(length)
        # the other side keeps the time; this is for the day on which it is gone
        signal.alarm(seconds + 1)
        text, note = _transcribe(content, read, time.monotonic() + seconds)
        signal.alarm(0)
        _answer(answers, {"text": text, "note": note})


def _own_output() -> BinaryIO:
    """Standard output for the answers alone: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _answer(answers: BinaryIO, what: dict[str, str]) -> None:
    data = json.dumps(what).encode()
    answers.write(ANSWER.pack(len(data)) + data)
    answers.flush()


def _fence_in() -> None:
    """What an attacker would want, taken away before anything of his comes in."""
    for limit, most in (
        (resource.RLIMIT_DATA, _MOST_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        hard = resource.getrlimit(limit)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))
    # a stop of the service goes to all of its processes; this one ends with its input, when the picture is read
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # ONNX Runtime reports to its makers unless this is said before it starts
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # a network of its own, with nobody in it; where the kernel gives that to none but root, the rest must do
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)

    def refuse(event: str, _: Any) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"the reader of pictures does not do {event}")

    sys.addaudithook(refuse)


# ------------------------------------------------------------------------------------------------ the engine


def _engine() -> tuple[str, Read]:
    """What reads, in words, and how."""
    paths = _checked_models()
    import cv2
    from rapidocr import RapidOCR

    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    cv2.setNumThreads(threads)
    # with their paths given the models are opened as they are, and none is ever looked for elsewhere
    engine = RapidOCR(
        params={
            **paths,
            "Global.log_level": "critical",
            "Global.max_side_len": _LONGEST_SIDE,
            # words are looked for in a smaller picture and read in the whole one: half the memory, the same words
            "Det.limit_type": "max",
            "Det.limit_side_len": 1280,
            # several lines at once take more memory, and no less time
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        }
    )

    def read(pixels: Any) -> list[Word]:
        found = engine(pixels)
        if found.boxes is None or found.txts is None:
            return []
        return [_word(text, box) for text, box in zip(found.txts, found.boxes, strict=True)]

    return f"rapidocr {metadata.version('rapidocr')}", read


def _checked_models() -> dict[str, str]:
    """Where the models are, once each is the file that rapidocr's own list of files names."""
    listed = {file.name: file for file in metadata.files("rapidocr") or ()}
    paths = {}
    for key, name in _MODELS.items():
        file = listed.get(name)
        path = Path(str(file.locate())) if file is not None else Path()
        if file is None or file.hash is None or not path.is_file():
            raise _Unreadable(f"rapidocr has no model {name}: install it anew")
        digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            raise _Unreadable(f"{path} is not the file that was installed: install rapidocr anew")
        paths[key] = str(path)
    return paths


def _word(text: str, box: Sequence[Sequence[float]]) -> Word:
    """From the four corners, clockwise from the upper left."""
    (left, top), (right, upper), _, (_, bottom) = ((float(x), float(y)) for x, y in box)
    return Word(
        text=text,
        left=left,
        middle=(top + bottom) / 2,
        height=abs(bottom - top),
        slope=atan2(upper - top, right - left),
        width=abs(right - left),
    )


# ------------------------------------------------------------------------------------------------- pictures


def _transcribe(content: bytes, read: Read, deadline: float) -> tuple[str, str]:
    """The text of a picture, and a note where there is none or not all of it."""
    texts: list[str] = []
    try:
        pages, images = _pages(content)
        begun = time.monotonic()
        for image in images:
            texts.append(lines_of(read(_pixels(image))))
            now = time.monotonic()
            if now + (now - begun) / len(texts) > deadline:
                break
    except _Unreadable as error:
        return "", str(error)
    except Exception as error:  # noqa: BLE001 - any bytes may come in
        short = isinstance(error, MemoryError) or "alloc" in str(error) or "memory" in str(error).lower()
        return (
            "",
            "not read: it takes too much memory" if short else "not read: it is damaged, or no picture that is known",
        )
    text = "\n\n".join(filter(None, texts))
    if not text:
        return "", "OCR finds no words in it"
    return text, f"the first {len(texts)} of {pages} pages were read" if len(texts) < pages else ""


def _pages(content: bytes) -> tuple[int, Iterator["Image"]]:
    """How many pages there are, and the first of them."""
    return _pdf_pages(content) if content[:1024].lstrip().startswith(b"%PDF-") else _image_pages(content)


def _pdf_pages(content: bytes) -> tuple[int, Iterator["Image"]]:
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(content)

    def drawn() -> Iterator["Image"]:
        for index in range(min(len(document), _MOST_PAGES)):
            page = document[index]
            yield page.render(scale=_LONGEST_SIDE / max(*page.get_size(), 1)).to_pil()

    return len(document), drawn()


def _image_pages(content: bytes) -> tuple[int, Iterator["Image"]]:
    from PIL import Image

    # we ask for the size ourselves
    Image.MAX_IMAGE_PIXELS = None
    first = Image.open(io.BytesIO(content), formats=_FORMATS)
    pages = getattr(first, "n_frames", 1) if first.format == "TIFF" else 1

    def opened() -> Iterator["Image"]:
        for index in range(min(pages, _MOST_PAGES)):
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            image.seek(index)
            # as the header has it: nothing has been unpacked yet
            pixels = image.width * image.height
            if pixels > _MOST_PIXELS:
                raise _Unreadable(f"not read: a picture of {pixels // 1_000_000} million pixels")
            if pixels < _FEWEST_PIXELS:
                raise _Unreadable("not read: too small for a bill")
            # a JPEG can be unpacked smaller than it is
            image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            yield image

    return pages, opened()


def _pixels(image: "Image") -> Any:
    """Upright, on white paper, no larger than we look at, as OpenCV has pictures."""
    import numpy as np
    from PIL import Image, ImageOps

    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "1":
        # fax: shrunk in black and white its strokes would break
        image = image.convert("L")
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    image = ImageOps.exif_transpose(image)
    if min(image.size) < _SHORTEST_SIDE:
        by = min(_SHORTEST_SIDE / min(image.size), _LONGEST_SIDE / max(image.size))
        image = image.resize((round(image.width * by), round(image.height * by)), Image.Resampling.BICUBIC)
    if image.mode in ("RGBA", "LA"):
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def lines_of(words: Iterable[Word]) -> str:
    """Words as a reader sees them: from top to bottom, what stands side by side on one line, apart by tabs.

    A sheet that lies askew is turned straight first.
    """
    words = [word for word in words if word.text.strip()]
    if not words:
        return ""
    # long lines tell best how the sheet lies
    long = sorted(words, key=lambda word: word.width)[-max(1, len(words) // 3) :]
    slope = statistics.median(word.slope for word in long)
    placed = sorted(
        (word.middle * cos(slope) - word.left * sin(slope), word.left * cos(slope) + word.middle * sin(slope), word)
        for word in words
    )
    rows: list[list[tuple[float, float, Word]]] = []
    for each in placed:
        middle, _, word = each
        row = rows[-1] if rows else []
        if row and middle - statistics.mean(other for other, _, _ in row) < min(word.height, row[0][2].height) / 2:
            row.append(each)
        else:
            rows.append([each])
    return "\n".join("\t".join(word.text.strip() for _, _, word in sorted(row, key=lambda at: at[1])) for row in rows)


if __name__ == "__main__":
    main()
