"""What all tests share: a clock that is moved by hand, a house of twins, the mails of the corpus."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from furnished import HandClock, TwinHouse, World
from servers import Postgres, postgres


@pytest.fixture
def clock() -> HandClock:
    """Time that passes only when told to."""
    return HandClock()


@pytest.fixture
def world(tmp_path: Path, clock: HandClock) -> World:
    """What lies outside of the house: one mailbox, a relay, an empty database file."""
    return World(url=f"sqlite:///{tmp_path}/triage.db", clock=clock)


@pytest.fixture
def house(world: World) -> Iterator[TwinHouse]:
    """A house of in-memory parts around a real database."""
    with TwinHouse(world) as house:
        yield house


@pytest.fixture
def eml() -> Callable[[str], bytes]:
    """The bytes of a mail of tests/corpus, by name."""
    folder = Path(__file__).parent / "corpus"
    return lambda name: (folder / f"{name}.eml").read_bytes()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of this process."""
    # not in pytest's own folder: a second run of pytest, as it starts, closes that to the server's user
    with TemporaryDirectory(prefix="triage-") as folder, postgres(Path(folder) / "postgres") as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/triage.db"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.database()
