"""Configuration: read once, typed, and complete in its complaints."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard, get_args

import pytest
from pydantic import BaseModel
from sqlalchemy.engine import make_url

from triage.config.settings import Settings, load_settings
from triage.config.sources import PATHS
from triage.errors import ConfigError

GOOD = """\
[database]
url = "sqlite:///books.db"

[[mailbox]]
name = "support"
host = "imap.example.com"
username = "support@example.com"
password = "s3cret"
address = "Support@Example.com"
aliases = ["billing@example.com"]

[relay]
host = "smtp.example.com"

[letters]
sender = "Example Support <help@example.com>"
"""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("TRIAGE_")]:
        monkeypatch.delenv(variable)


def load(tmp_path: Path, text: str) -> Settings:
    """Settings from a file with this text."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    """The complaints about a file with this text."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return list(caught.value.problems) or [str(caught.value)]


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    """What has a sensible default need not be written."""
    settings = load(tmp_path, GOOD)
    assert settings.mailbox[0].port == 993
    assert settings.mailbox[0].security == "tls"
    assert settings.relay is not None
    assert settings.relay.security == "starttls"
    assert settings.letters.acknowledge == "auto"


def test_own_addresses_are_those_of_mailboxes_aliases_and_sender(tmp_path: Path) -> None:
    """Mail from any address of ours is never answered, however it is written."""
    assert load(tmp_path, GOOD).own_addresses == {"support@example.com", "billing@example.com", "help@example.com"}


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    """An operator mends a file in one go, not mistake by mistake."""
    text = GOOD.replace('host = "imap.example.com"', 'host = "imap.example.com"\nprot = 993').replace(
        'host = "smtp.example.com"', 'host = "smtp.example.com"\nport = 99999\nsecurity = "ssl"'
    )
    said = problems(tmp_path, text)
    assert len(said) == 3
    assert any("line 7: mailbox.1.prot: no such key" in line for line in said)
    assert any("line 15: relay.port" in line for line in said)
    assert any("line 16: relay.security" in line for line in said)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is also TRIAGE_SECTION__KEY."""
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "none")
    monkeypatch.setenv("TRIAGE_DATABASE__URL", "sqlite:///elsewhere.db")
    settings = load(tmp_path, GOOD)
    assert settings.model.backend == "none"
    assert settings.database.url == "sqlite:///elsewhere.db"


def test_a_mailbox_takes_its_password_from_the_environment_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret need not stand in the file."""
    monkeypatch.setenv("TRIAGE_MAILBOX__SUPPORT__PASSWORD", "from outside")
    settings = load(tmp_path, GOOD.replace('password = "s3cret"', ""))
    assert settings.mailbox[0].secret() == "from outside"


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the environment must not pass in silence."""
    monkeypatch.setenv("TRIAGE_MODLE__BACKEND", "none")
    assert "TRIAGE_MODLE__BACKEND" in problems(tmp_path, GOOD)[0]


def test_passwords_in_clear_need_loopback_or_an_express_wish(tmp_path: Path) -> None:
    """security = none to another machine is refused."""
    text = GOOD.replace('username = "support@', 'security = "none"\nusername = "support@')
    assert "loopback only" in problems(tmp_path, text)[0]
    assert load(tmp_path, text.replace("imap.example.com", "127.0.0.1")).mailbox[0].security == "none"
    assert load(tmp_path, text.replace('security = "none"', 'security = "none"\nallow_insecure = true'))


def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    """Dumps and representations of the settings hide passwords."""
    settings = load(tmp_path, GOOD)
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The complaint says which file."""
    settings = load(tmp_path, GOOD.replace('password = "s3cret"', 'password_file = "/nowhere/imap"'))
    with pytest.raises(ConfigError, match="/nowhere/imap"):
        settings.mailbox[0].secret()


def test_a_file_of_the_ledgers_url_that_is_no_text_is_named(tmp_path: Path) -> None:
    """As with every secret: no traceback."""
    (tmp_path / "url").write_bytes(b"\xff\xfe")
    text = GOOD + '\n[ledger]\nsource = "sql"\nurl_file = "url"\nqueries.invoice = "SELECT 1 WHERE :number = 1"\n'
    ledger = load(tmp_path, text).ledger
    assert ledger is not None
    with pytest.raises(ConfigError, match=r"ledger\.url_file .*url: "):
        ledger.secret_url()


def test_password_and_password_file_together_are_refused(tmp_path: Path) -> None:
    """Two answers to one question are a mistake."""
    assert (
        "not both" in problems(tmp_path, GOOD.replace('password = "s3cret"', 'password = "a"\npassword_file = "b"'))[0]
    )


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    """The TOML parser's line and column reach the operator."""
    assert "line 2" in problems(tmp_path, "[database]\nurl = \n")[0]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """And how one is had."""
    with pytest.raises(ConfigError, match="triage init"):
        load_settings(tmp_path / "none.toml")


def test_a_time_zone_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """Dates in letters depend on it."""
    assert "no such time zone" in problems(tmp_path, GOOD + '\n[hours]\nzone = "Mars/Olympus"\n')[0]


@pytest.mark.parametrize(("code", "says"), [("XXQ", "there is no 'XXQ' in ISO 4217"), ("€", "there is no '€'")])
def test_a_currency_that_does_not_exist_is_told(tmp_path: Path, code: str, says: str) -> None:
    """Every record that names none would be in it."""
    said = problems(tmp_path, f'{GOOD}\n[ledger]\ncurrency = "{code}"\n')
    assert len(said) == 1
    assert "line 19: ledger.currency: " in said[0]
    assert says in said[0]


def test_a_currency_may_be_written_small(tmp_path: Path) -> None:
    """As in `triage ledger import --currency`; none at all is an answer too."""
    for code, meant in (("eur", "EUR"), ("CHF", "CHF"), ("", "")):
        ledger = load(tmp_path, f'{GOOD}\n[ledger]\ncurrency = "{code}"\n').ledger
        assert ledger is not None
        assert ledger.currency == meant


def test_a_relay_without_a_sender_is_told(tmp_path: Path) -> None:
    """Letters need somebody who writes them."""
    assert "letters.sender" in problems(tmp_path, GOOD.split("[letters]", maxsplit=1)[0])[0]


def test_two_mailboxes_of_one_name_are_refused(tmp_path: Path) -> None:
    """The books tell mailboxes apart by name."""
    section = GOOD[GOOD.index("[[mailbox]]") : GOOD.index("[relay]")]
    assert "two mailboxes" in problems(tmp_path, GOOD + section)[0]


PLACES = """\
[model]
path = "models/mine"

[rules]
path = ""

[ledger]
source = "sql"
url = "sqlite:///erp.db"
queries = { invoice = "select number from invoices where number = :number" }
columns = { path = "number" }
"""


def test_relative_paths_count_from_the_folder_of_the_file_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever a command is run, it is the same site; also for the defaults, whatever the folder is called."""
    site, elsewhere = tmp_path / "50% of a site?", tmp_path / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    secret = 'password_file = "secrets/imap"\nca_file = "/etc/ca.pem"'
    text = GOOD.replace('password = "s3cret"', secret).replace(
        '"sqlite:///books.db"', '"sqlite:///data/books.db?timeout=9"'
    )
    settings = load(Path("../50% of a site?"), text + PLACES)
    assert make_url(settings.database.url).database == f"{site}/data/books.db"
    assert make_url(settings.database.url).query == {"timeout": "9"}
    assert settings.mailbox[0].password_file == site / "secrets/imap"
    assert settings.mailbox[0].ca_file == Path("/etc/ca.pem")
    assert (settings.model.path, settings.model.learned) == (f"{site}/models/mine", f"{site}/learned")
    assert settings.rules.path == ""
    assert settings.ledger is not None
    assert make_url(settings.ledger.secret_url()).database == f"{site}/erp.db"
    assert settings.ledger.columns == {"path": "number"}
    assert make_url(load(site, "").database.url).database == f"{site}/triage.db"


def test_paths_of_the_environment_count_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They belong to who calls; so do the defaults where there is no file. What is no path stays as it is written."""
    monkeypatch.setenv("TRIAGE_MAILBOX__SUPPORT__PASSWORD_FILE", "imap")
    monkeypatch.setenv("TRIAGE_MODEL__LEARNED", "here")
    settings = load(
        tmp_path, GOOD.replace('password = "s3cret"', "").replace("sqlite:///books.db", "sqlite:///:memory:")
    )
    assert settings.mailbox[0].password_file == Path("imap")
    assert settings.model.learned == "here"
    assert settings.database.url == "sqlite:///:memory:"
    monkeypatch.delenv("TRIAGE_MAILBOX__SUPPORT__PASSWORD_FILE")
    assert load_settings(None).database.url == "sqlite:///triage.db"


@pytest.mark.parametrize("key", ["database = 3", "[database]\nurl = 3", "[model]\nlearned = 3", "mailbox = 3"])
def test_a_value_of_the_wrong_kind_is_told_and_not_counted_from_anywhere(tmp_path: Path, key: str) -> None:
    """Also where a path is expected."""
    assert "Input should be" in problems(tmp_path, f"{key}\n")[0]


def test_every_path_is_known_as_one() -> None:
    """A new key that names a file counts from the folder of the configuration as well."""

    def paths(model: type[BaseModel]) -> Iterator[str]:
        for key, field in model.model_fields.items():
            kinds = (field.annotation, *get_args(field.annotation))
            for each in kinds:
                if _is_section(each):
                    yield from paths(each)
            if Path in kinds or key == "path":
                yield key

    assert set(paths(Settings)) <= PATHS


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TRIAGE_HOURS__ZONE", "Foo", "environment: TRIAGE_HOURS__ZONE: no such time zone"),
        ("TRIAGE_HOURS__ZONEE", "Foo", "environment: TRIAGE_HOURS__ZONEE: no such key"),
        ("TRIAGE_HOURS__WEEKDAYS", '["mon", "tuesday"]', "environment: TRIAGE_HOURS__WEEKDAYS: Input should be 'mon'"),
        ("TRIAGE_HOURS__WEEKDAYS", "mon", "environment: TRIAGE_HOURS__WEEKDAYS: Input should be a valid tuple"),
        ("TRIAGE_LETTERS__CAPS__PER_HOUR", "0", "environment: TRIAGE_LETTERS__CAPS__PER_HOUR: Input should be"),
        ("triage_mailbox__Support__port", "x", "environment: triage_mailbox__Support__port: Input should be"),
        ("TRIAGE_MAILBOX__SUPPORT__PASSWORD_FILE", "x", "line 4: mailbox.1: give password or password_file, not both"),
        ("TRIAGE_HOURS__OPENS", "18:00", "line 18: hours: opens must be before closes (TRIAGE_HOURS__OPENS is set)"),
    ],
)
def test_what_the_environment_has_wrong_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    """The line of the file may be right: the variable is named, or told where it takes part."""
    monkeypatch.setenv(variable, value)
    said = problems(tmp_path, GOOD + '\n[hours]\nzone = "Europe/Madrid"\n')
    assert len(said) == 1
    assert says in said[0]


def test_the_example_names_every_key() -> None:
    """config.example.toml is the manual: a key that is not in it does not exist for an admin."""
    text = (Path(__file__).parent.parent / "config.example.toml").read_text(encoding="utf-8")

    def missing(model: type[BaseModel], section: str) -> Iterator[str]:
        for key, field in model.model_fields.items():
            below = [each for each in (field.annotation, *get_args(field.annotation)) if _is_section(each)]
            if below and f"[{section}{key}]" not in text and f"{key} =" not in text:
                yield f"[{section}{key}]"
            for each in below:
                yield from missing(each, f"{section}{key}.")
            if not below and f"{key} =" not in text:
                yield f"{section}{key}"

    assert list(missing(Settings, "")) == []


def _is_section(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_example_loads(tmp_path: Path) -> None:
    """What we tell people to copy is valid."""
    text = (Path(__file__).parent.parent / "config.example.toml").read_text(encoding="utf-8")
    assert load(tmp_path, text).mailbox[0].name == "support"


OAUTH2 = """\
[mailbox.oauth2]
provider = "microsoft"
client_id = "us"
client_secret = "t0psecret"
refresh_token_file = "/nowhere/refresh"
"""
TOKENS = GOOD.replace('password = "s3cret"\n', "").replace("[relay]", OAUTH2 + "\n[relay]")


def test_access_tokens_take_the_passwords_place(tmp_path: Path) -> None:
    """A section of its own below the mailbox; its secret is as hidden as a password."""
    settings = load(tmp_path, TOKENS)
    assert settings.mailbox[0].oauth2 is not None
    assert settings.mailbox[0].oauth2.secret() == "t0psecret"
    assert "t0psecret" not in repr(settings) + settings.model_dump_json()


def test_a_client_secret_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the mailbox's name, as its password."""
    monkeypatch.setenv("TRIAGE_MAILBOX__SUPPORT__OAUTH2__CLIENT_SECRET", "from outside")
    oauth2 = load(tmp_path, TOKENS).mailbox[0].oauth2
    assert oauth2 is not None
    assert oauth2.secret() == "from outside"


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("client_id", "client_idd"), 13, "client_idd: no such key"),
        (('"microsoft"', '"other"'), 11, "token_url is needed"),
        (('"microsoft"', '"other"\ntoken_url = "http://id.example.com/token"'), 11, "https://"),
        (('refresh_token_file = "/nowhere/refresh"', ""), 11, "needs refresh_token_file"),
        (('refresh_token_file = "/nowhere/refresh"', 'grant = "client_credentials"'), 11, "needs tenant"),
        (("[mailbox.oauth2]", 'password = "x"\n[mailbox.oauth2]'), 4, "a password or oauth2, not both"),
    ],
)
def test_mistakes_about_access_tokens_are_told_with_their_line(
    tmp_path: Path, change: tuple[str, str], line: int, says: str
) -> None:
    """What fits no provider is refused before anybody is asked."""
    said = problems(tmp_path, TOKENS.replace(*change))
    assert any(f"line {line}: mailbox.1" in each and says in each for each in said), said
