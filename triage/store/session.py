"""Transactions: every touch of the database goes through one of these two."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlmodel import Session

from triage.store.dialect import translated


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction that commits at the end, or leaves nothing behind."""
    with translated(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A look that never waits for a writer."""
    with translated(engine), Session(engine.execution_options(reading=True), expire_on_commit=False) as session:
        yield session
