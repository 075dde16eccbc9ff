"""Everything that can be set, section by section; `load_settings` reads it once.

Every key may also come from the environment as ``TRIAGE_SECTION__KEY``; a mailbox's keys as
``TRIAGE_MAILBOX__NAME__KEY``. The environment wins. All mistakes are reported together, with file and line, or the
variable. Secrets are `SecretStr`, given in the file, in the environment, or in a file of their own (``*_file``).
Relative paths count from the folder of the file, those of the environment from the current one.
"""

import os
import re
from datetime import time
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from triage.config.servers import MailboxSettings, RelaySettings
from triage.config.sources import (
    PREFIX,
    Environment,
    counted_from,
    mailboxes_from_environment,
    read_file,
    told,
    unknown_variables,
)
from triage.config.values import Address, Currency, Lower, Section, Zone, read_secret
from triage.errors import ConfigError
from triage.records.columns import COLUMNS
from triage.records.database import query_problems

#: characters; 128 bits in hexadecimal
_SHORTEST_KEY = 32


class DatabaseSettings(Section):
    """Where the books are kept."""

    url: str = "sqlite:///triage.db"

    @model_validator(mode="after")
    def _known_dialect(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("url must begin with sqlite:/// or postgresql+psycopg://")
        return self


class ModelSettings(Section):
    """Which model decides, and how sure it must be."""

    backend: Literal["onnx", "transformers", "none"] = "onnx"
    #: "" = the shipped one
    path: str = ""
    #: where the versions are that were learned from the desk's corrections
    learned: str = Field(default="learned", min_length=1)
    #: mails that are read side by side; 0 = one for each core, at most four
    threads: int = Field(default=0, ge=0, le=64)
    #: at or over it the daemon writes to the customer by itself; None = as the model's card says
    auto_threshold: float | None = Field(default=None, ge=0, le=1)
    #: at or over it a person looks; None = as the model's card says
    review_threshold: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if None not in (self.auto_threshold, self.review_threshold) and self.review_threshold > self.auto_threshold:  # type: ignore[operator]
            raise ValueError("review_threshold must not be over auto_threshold")
        return self


class OcrSettings(Section):
    """Reading pictures: needs the extra `ocr`."""

    enabled: bool = False
    #: pictures that are read of one mail
    pictures: int = Field(default=4, ge=1, le=20)
    #: for the pictures of one mail together; eight mails are read in one transaction, which ends after five minutes
    seconds: int = Field(default=30, ge=5, le=30)


class RulesSettings(Section):
    """Where the rules are."""

    #: "" = the shipped ones
    path: str = ""


class Caps(Section):
    """How many letters may go out before a person is called."""

    per_hour: int = Field(default=500, ge=1)
    per_sender_per_day: int = Field(default=5, ge=1)


class LettersSettings(Section):
    """What we send."""

    sender: str = Field(default="", max_length=300)
    acknowledge: Literal["auto", "approve", "off"] = "auto"
    caps: Caps = Caps()
    #: second envelope recipient of every letter; "" = the mailbox that the complaint came to, "off" = none
    journal: str = ""
    #: where copies of our own letters are filed; "" = they stay in the inbox
    journal_folder: str = "Triage-Journal"
    doubt_hours: float = Field(default=24, gt=0)
    doubt_policy: Literal["hold", "resend"] = "hold"
    #: RFC 3834 would have it empty; most submission servers refuse that. "" = the sender's address
    envelope_sender: str = ""
    null_envelope_sender: bool = False
    #: mails older than this at their first sight (a backlog) are acknowledged by a person only
    max_age_days: float = Field(default=7, gt=0)
    #: how a customer reaches a person, e.g. a telephone number; "" = by answering
    contact: str = ""
    #: the language of letters to customers whose own we do not write
    language: Literal["en", "es", "pt", "fr", "de"] = "en"


class HoursSettings(Section):
    """Business hours: follow-ups fall due in them."""

    zone: Zone = "UTC"
    opens: time = time(9)
    closes: time = time(17)
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri")
    #: ISO 3166 country, e.g. "ES"; "" = no holidays
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    #: ISO 3166-2 subdivision, e.g. "MD"
    subdivision: str = ""

    @model_validator(mode="after")
    def _open_before_close(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class TrustSettings(Section):
    """Whose word about a sender counts, and who we are."""

    #: authserv-ids (RFC 8601) whose Authentication-Results are believed: your own mail servers
    authentication_servers: tuple[str, ...] = ()
    #: further addresses and domains of yours: mail from them is never answered
    own_addresses: tuple[Address, ...] = ()
    own_domains: tuple[Lower, ...] = ()


class LedgerSettings(Section):
    """The site's invoices and payments, for checking what a mail claims. Without this section nothing is checked."""

    #: import = what `triage ledger import` was given, sql = the site's own database, read only
    source: Literal["import", "sql"] = "import"
    #: SQLAlchemy URL of the site's database; it may hold a password
    url: SecretStr = SecretStr("")
    #: a file that holds the URL
    url_file: Path | None = None
    timeout_seconds: float = Field(default=5, gt=0, le=120)
    #: query → SELECT with bound parameters
    queries: dict[str, str] = Field(default_factory=dict)
    #: a heading of yours → what it means (a field of triage/records/columns.py)
    columns: dict[str, str] = Field(default_factory=dict)
    #: for records that name none
    currency: Currency = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        unknown = sorted(set(self.columns.values()) - set(COLUMNS))
        if unknown:
            raise ValueError(f"columns: nothing is called {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
        if self.source == "sql":
            if bool(self.url.get_secret_value()) == bool(self.url_file):
                raise ValueError('source = "sql" needs url or url_file')
            problems = query_problems(self.queries)
            if problems:
                raise ValueError(f"queries: {'; '.join(problems)}")
        return self

    def secret_url(self) -> str:
        """The URL with its password. Raises ConfigError where its file cannot be read."""
        return read_secret("ledger.url", self.url, self.url_file).strip()


class RetentionSettings(Section):
    """How long who wrote, and what, is kept. Without months nothing is ever deleted."""

    #: after the last thing that happened to a finished case; 0 = for ever
    cases_months: int = Field(default=0, ge=0, le=1200)
    #: after a mail came that belongs to no case; 0 = for ever
    mails_months: int = Field(default=0, ge=0, le=1200)
    #: makes of a person the same pseudonym each time, and lies outside of the database
    key: SecretStr | None = None
    #: a file that holds the key
    key_file: Path | None = None

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        if self.is_set and self.key is None and self.key_file is None:
            raise ValueError("key_file is missing: a secret of 32 characters or more, e.g. of: openssl rand -hex 32")
        return self

    @property
    def is_set(self) -> bool:
        """Whether anything is ever deleted."""
        return bool(self.cases_months or self.mails_months)

    def secret(self) -> str:
        """The key. Raises ConfigError where its file cannot be read or it is too short to be a secret."""
        secret = read_secret("retention.key", self.key, self.key_file).strip()
        if len(secret) < _SHORTEST_KEY:
            raise ConfigError(f"retention.key has {len(secret)} characters: it needs {_SHORTEST_KEY} or more")
        return secret


class LogSettings(Section):
    """What the daemon says while it works."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False
    )

    database: DatabaseSettings = DatabaseSettings()
    mailbox: tuple[MailboxSettings, ...] = ()
    relay: RelaySettings | None = None
    model: ModelSettings = ModelSettings()
    ocr: OcrSettings = OcrSettings()
    rules: RulesSettings = RulesSettings()
    letters: LettersSettings = LettersSettings()
    hours: HoursSettings = HoursSettings()
    trust: TrustSettings = TrustSettings()
    ledger: LedgerSettings | None = None
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment over the file, and nothing else."""
        return (Environment(settings_cls), init_settings)

    @model_validator(mode="after")
    def _one_name_one_mailbox(self) -> Self:
        names = [mailbox.name for mailbox in self.mailbox]
        for name in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two mailboxes are named {name!r}: the books tell them apart by name")
        if self.relay is not None and not self.letters.sender:
            raise ValueError('letters.sender is missing: who writes, e.g. "Example Support <support@example.com>"')
        return self

    @property
    def own_addresses(self) -> frozenset[str]:
        """Every address that is ours, in lower case."""
        mailboxes = [address for mailbox in self.mailbox for address in (mailbox.address, *mailbox.aliases)]
        sender = re.findall(r"[^<\s]+@[^>\s]+", self.letters.sender.lower())
        return frozenset([*mailboxes, *sender, *self.trust.own_addresses])


def load_settings(path: Path | None) -> Settings:
    """Settings from `path` (None = the environment and defaults alone).

    Raises ConfigError that names every mistake at once.
    """
    text = ""
    values: dict[str, Any] = {}
    if path is not None:
        text, values = read_file(path)
        values = counted_from(path.parent.resolve(), _with_places(values))
    problems = unknown_variables(os.environ, Settings.model_fields)
    problems += mailboxes_from_environment(values, os.environ)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        name = str(path) if path is not None else "environment"
        problems += [told(details, name=name, text=text, values=values) for details in error.errors()]
    if problems:
        raise ConfigError("the configuration has mistakes", problems)
    return settings


def _with_places(values: dict[str, Any]) -> dict[str, Any]:
    """What a file says, and where database and learned versions are if it does not: beside it as well."""
    for section, key, default in (
        ("database", "url", DatabaseSettings().url),
        ("model", "learned", ModelSettings().learned),
    ):
        keys = values.setdefault(section, {})
        if isinstance(keys, dict):
            keys.setdefault(key, default)
    return values
