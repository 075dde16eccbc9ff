"""What the daemon says while it works: one event a line, a short name and then facts.

Addresses are masked before anything is printed, and nobody hands a body or a secret to a logger: what is logged are
names, numbers and reasons.
"""

import logging
import re
import sys
from typing import Literal

from triage.imports import without

# rich's tracebacks bring the lexers of a hundred languages: 6 MB. structlog prints plain ones as well
with without({"rich.traceback": None}):
    import structlog
    from structlog import get_logger
    from structlog.typing import EventDict, WrappedLogger

__all__ = ["get_logger", "mask", "mask_addresses", "set_up"]

_ADDRESS = re.compile(r"([^\s<>@\"'(),:;]{1,64})@([^\s<>@\"'(),:;]+)")


def set_up(level: str = "info", style: Literal["auto", "json", "console"] = "auto") -> None:
    """Log to standard error: for people on a terminal, as JSON elsewhere."""
    plain = style == "console" or (style == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if plain else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        # asked for each event: standard error may have become another file since
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # APScheduler and imapclient speak through the standard library: warnings only, in the same place
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True
    )
    # a walk that takes longer than its interval is no news: its clock goes round once more by itself
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Addresses in every text of an event, masked.

    >>> mask(None, "", {"why": "refused for anna.meyer@example.com"})
    {'why': 'refused for a…@example.com'}
    """
    return {key: mask_addresses(value) if isinstance(value, str) else value for key, value in event.items()}


def mask_addresses(text: str) -> str:
    """A text in which no address can be read, though two addresses can be told apart by their domain."""
    return _ADDRESS.sub(lambda match: f"{match[1][0]}…@{match[2]}", text)
