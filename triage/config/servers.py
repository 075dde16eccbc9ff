"""How the mail servers are reached, and by which secret: the sections mailbox and relay."""

from datetime import date
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from triage.config.values import Address, Section, read_secret
from triage.mail.connection import is_loopback

Security = Literal["tls", "starttls", "none"]


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
        return read_secret("client_secret", self.client_secret, self.client_secret_file)


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
        return read_secret("password", self.password, self.password_file)

    @model_validator(mode="after")
    def _no_clear_text_over_the_wire(self) -> Self:
        if self.security == "none" and not self.allow_insecure and not is_loopback(self.host):
            raise ValueError(
                'security = "none" is for loopback only; set allow_insecure = true to send passwords in clear'
            )
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
