"""Libraries without those of their modules that we never call, for the memory and the time that these would take."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace


@contextlib.contextmanager
def without(stand_ins: Mapping[str, SimpleNamespace | None]) -> Iterator[None]:
    """What is imported within gets the stand-in for each of these modules; None makes their import fail.

    A module that was imported before stays what it is, and afterwards each can be imported as ever.
    """
    hidden = {name: stand_in for name, stand_in in stand_ins.items() if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # documented: None makes an import fail, any object is one
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
