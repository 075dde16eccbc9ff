"""config.toml and the environment → frozen `Settings`, read once.

Every key may also come from the environment as ``TRIAGE_SECTION__KEY``; a mailbox's keys as
``TRIAGE_MAILBOX__NAME__KEY``. The environment wins. All mistakes are reported together, with file and line, or the
variable. Secrets are `SecretStr`, given in the file, in the environment, or in a file of their own (``*_file``).
Relative paths count from the folder of the file, those of the environment from the current one.
"""

import os
import re
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from triage.errors import ConfigError
from triage.mail.connection import is_loopback
from triage.records.columns import COLUMNS
from triage.records.database import query_problems
from triage.settings_sources import (
    PREFIX,
    Environment,
    counted_from,
    mailboxes_from_environment,
    read_file,
    told,
    unknown_variables,
)
from triage.understanding.currencies import is_code

#: characters; 128 bits in hexadecimal
_SHORTEST_KEY = 32
Security = Literal["tls", "starttls", "none"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no such time zone: {name!r} (write it like Europe/Madrid)") from error
    return name


def _lower(value: str) -> str:
    return value.strip().lower()


def _currency(code: str) -> str:
    if code and not is_code(code.upper()):
        raise ValueError(f"there is no {code!r} in ISO 4217: write it like EUR")
    return code.upper()


Zone = Annotated[str, AfterValidator(_zone)]
#: an ISO 4217 code, "" = none
Currency = Annotated[str, AfterValidator(_currency)]
Address = Annotated[str, AfterValidator(_lower), Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Section(BaseModel):
    """What all sections share: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _secret(name: str, value: SecretStr | None, file: Path | None) -> str:
    """A secret given directly or as a file that holds it, "" where neither is set.

    Raises ConfigError where the file cannot be read.
    """
    if file is None:
        return value.get_secret_value() if value is not None else ""
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_file {file}: {getattr(error, 'strerror', None) or error}") from error


class OAuth2Settings(Section):
    """Access tokens instead of a password."""

    #: google and microsoft bring their endpoint and scope, other needs a token_url
    provider: Literal["google", "microsoft", "other"]
    #: refresh_token = in the name of a person who has signed in, client_credentials = in the program's own
    grant: Literal["refresh_token", "client_credentials"] = "refresh_token"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    #: the day on which the provider lets the client secret run out; a person is called three weeks before
    client_secret_expires: date | None = None
    #: holds the refresh token, and is rewritten when the provider replaces it
    refresh_token_file: Path | None = None
    #: Microsoft: the directory's id or domain
    tenant: str = Field(default="common", pattern=r"^[A-Za-z0-9.-]+$")
    #: for other
    token_url: str = ""
    #: for other: where a person signs in, for `triage authorize`
    authorize_url: str = ""
    #: "" = the provider's scope for mail
    scope: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.provider == "other") != bool(self.token_url):
            raise ValueError('token_url is needed for provider = "other", and only there')
        for name, address in (("token_url", self.token_url), ("authorize_url", self.authorize_url)):
            url = urlsplit(address)
            if address and url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
                raise ValueError(f"{name} must begin with https://")
        if self.authorize_url and self.provider != "other":
            raise ValueError('authorize_url is for provider = "other" only')
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("give client_secret or client_secret_file, not both")
        if self.grant == "refresh_token":
            if self.refresh_token_file is None:
                raise ValueError('grant = "refresh_token" needs refresh_token_file')
        elif self.refresh_token_file is not None:
            raise ValueError('refresh_token_file is for grant = "refresh_token" only')
        elif self.client_secret is None and self.client_secret_file is None:
            raise ValueError('grant = "client_credentials" needs client_secret_file')
        elif self.provider == "google":
            raise ValueError("google gives no client credentials for mail: sign in once and use a refresh token")
        elif self.provider == "microsoft" and self.tenant in ("common", "organizations", "consumers"):
            raise ValueError('grant = "client_credentials" needs tenant: the id or domain of your directory')
        return self

    def secret(self) -> str:
        """The client secret, "" for a client without one. Raises ConfigError where its file cannot be read."""
        return _secret("client_secret", self.client_secret, self.client_secret_file)


class _Connection(Section):
    password: SecretStr | None = None
    #: a file that holds the password; read anew for each login
    password_file: Path | None = None
    #: access tokens instead
    oauth2: OAuth2Settings | None = None
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    security: Security = "tls"
    allow_insecure: bool = False
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=30, gt=0, le=600)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        if self.oauth2 is not None and (self.password is not None or self.password_file is not None):
            raise ValueError("give a password or oauth2, not both")
        return self

    def secret(self) -> str:
        """The password, "" where none is set. Raises ConfigError where its file cannot be read."""
        return _secret("password", self.password, self.password_file)

    @model_validator(mode="after")
    def _no_clear_text_over_the_wire(self) -> Self:
        if self.security == "none" and not self.allow_insecure and not is_loopback(self.host):
            raise ValueError(
                'security = "none" is for loopback only; set allow_insecure = true to send passwords in clear'
            )
        return self


class DatabaseSettings(Section):
    """Where the books are kept."""

    url: str = "sqlite:///triage.db"

    @model_validator(mode="after")
    def _known_dialect(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("url must begin with sqlite:/// or postgresql+psycopg://")
        return self


class MailboxSettings(_Connection):
    """One watched folder of one IMAP account."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    port: int = Field(default=993, ge=1, le=65535)
    username: str = Field(min_length=1)
    address: Address
    aliases: tuple[Address, ...] = ()
    folder: str = Field(default="INBOX", min_length=1)
    #: further folders of the same account
    folders: tuple[str, ...] = ()
    poll_seconds: float = Field(default=30, ge=1, le=3600)
    idle: bool = True
    max_mail_mb: float = Field(default=25, gt=0, le=500)
    #: flag every kept mail with this keyword, "" = leave the mail as it is
    keyword: str = Field(default="", pattern=r"^[A-Za-z0-9_$-]{0,60}$")
    #: move every kept mail there, "" = leave it where it is
    move_to: str = ""

    @property
    def all_folders(self) -> tuple[str, ...]:
        """Every watched folder, without repeats."""
        return tuple(dict.fromkeys((self.folder, *self.folders)))


class RelaySettings(_Connection):
    """The SMTP server that takes our letters."""

    port: int = Field(default=587, ge=1, le=65535)
    security: Security = "starttls"
    username: str = ""

    @model_validator(mode="after")
    def _someone_has_the_tokens(self) -> Self:
        if self.oauth2 is not None and not self.username:
            raise ValueError("oauth2 needs username: the account whose mail is sent")
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
    own_domains: tuple[Annotated[str, AfterValidator(_lower)], ...] = ()


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
    queries: dict[str, str] = {}
    #: a heading of yours → what it means (a field of triage/records/columns.py)
    columns: dict[str, str] = {}
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
        if self.url_file is None:
            return self.url.get_secret_value()
        try:
            return self.url_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"ledger.url_file {self.url_file}: {error.strerror}") from error


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
        secret = _secret("retention.key", self.key, self.key_file).strip()
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
