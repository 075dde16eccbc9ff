"""How the mailboxes and the relay of the configuration let us in: passwords, access tokens, a person's consent."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from triage.config.servers import MailboxSettings, OAuth2Settings, RelaySettings
from triage.config.settings import Settings
from triage.errors import ConfigError, DatabaseError, LoginRefused, OperatorError
from triage.mail.account import Account
from triage.mail.consent import Consent
from triage.mail.login import Failure, Login
from triage.mail.oauth import Client, Tokens
from triage.store.logins import Logins

#: protocol → Microsoft's scope for a person's own mail; offline_access brings the next refresh token
_MICROSOFT = {
    "imap": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    "smtp": "https://outlook.office.com/SMTP.Send offline_access",
}
#: Microsoft's refresh tokens for mail live so long, each
_MICROSOFT_REFRESH = timedelta(days=90)
#: all that Google has for mail
_GOOGLE = "https://mail.google.com/"
#: provider → where a person signs in and agrees
_AUTHORIZE = {
    "google": "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    "other": "",
}


class Remembered:
    """The last failure of one account, kept in the database; in this process alone while that cannot be used."""

    def __init__(self, account: str, logins: Callable[[], Logins]) -> None:
        self._account = account
        self._logins = logins
        self._last: Failure | None = None

    def recall(self) -> Failure | None:
        """None after a success."""
        with suppress(DatabaseError):
            self._last = self._logins().recall(self._account)
        return self._last

    def note(self, failure: Failure | None) -> None:
        """From now on."""
        self._last = failure
        with suppress(DatabaseError):
            self._logins().note(self._account, failure)


def accounts(settings: MailboxSettings, logins: Callable[[], Logins]) -> list[Account]:
    """A mailbox's folders as the mail room takes them. Raises ConfigError for an unreadable secret file.

    `logins` gives the database's part, which is opened when a server is first asked.
    """
    login = login_of(settings, logins)
    return [
        Account(
            name=settings.name,
            host=settings.host,
            port=settings.port,
            security=settings.security,
            login=login,
            folder=folder,
            ca_file=settings.ca_file,
            timeout=settings.timeout_seconds,
            max_size=int(settings.max_mail_mb * 1024 * 1024),
            keyword=settings.keyword,
            move_to=settings.move_to,
        )
        for folder in settings.all_folders
    ]


def login_of(settings: MailboxSettings | RelaySettings, logins: Callable[[], Logins]) -> Login:
    """How a mailbox or the relay lets us in. Raises ConfigError for an unreadable secret file."""
    oauth2 = settings.oauth2
    memory = Remembered(f"{settings.username} at {settings.host}:{settings.port}", logins)
    if oauth2 is None:
        return Login(settings.username, _again_and_again(settings.secret), memory=memory)
    return Login(settings.username, tokens=Tokens(client_of(settings, oauth2)), memory=memory)


def client_of(settings: MailboxSettings | RelaySettings, oauth2: OAuth2Settings) -> Client:
    """What we are to the provider of a mailbox or the relay. Raises ConfigError for an unreadable secret file."""
    microsoft, personal = oauth2.provider == "microsoft", oauth2.grant == "refresh_token"
    scope, expires = oauth2.scope, oauth2.client_secret_expires
    if microsoft and not scope:
        protocol = "imap" if isinstance(settings, MailboxSettings) else "smtp"
        scope = _MICROSOFT[protocol] if personal else "https://outlook.office365.com/.default"
    return Client(
        token_url=_token_url(oauth2),
        grant=oauth2.grant,
        client_id=oauth2.client_id,
        client_secret=_again_and_again(oauth2.secret),
        refresh_token_file=oauth2.refresh_token_file,
        # Google gives a refresh token's own scope where none is asked for
        scope=scope,
        client_secret_expires=datetime.combine(expires, time(), tzinfo=UTC) if expires else None,
        refresh_token_lifetime=_MICROSOFT_REFRESH if microsoft else None,
        ca_file=settings.ca_file if oauth2.provider == "other" else None,
        timeout=settings.timeout_seconds,
    )


def consent_of(settings: Settings, name: str) -> Consent:
    """What a person must agree to once, so that a mailbox (by its name) or the relay (`relay`) lets us in.

    Where several use one refresh token, the person agrees to all of it together. "" is the only one there is.
    Raises OperatorError where there is none of that name, or several to choose from; ConfigError as `login_of`.
    """
    asking = {
        of: (each, each.oauth2)
        for of, each in (*((mailbox.name, mailbox) for mailbox in settings.mailbox), ("relay", settings.relay))
        if each is not None and each.oauth2 is not None and each.oauth2.grant == "refresh_token"
    }
    files = {oauth2.refresh_token_file for _, oauth2 in asking.values()}
    if not asking:
        raise OperatorError('no mailbox and no relay has oauth2 with grant = "refresh_token": nobody need sign in')
    if name not in asking and (name or len(files) > 1):
        wrong = f"{name} signs nobody in" if name else "there are several"
        raise OperatorError(f"{wrong}; choose from {', '.join(asking)}")
    each, oauth2 = asking[name or next(iter(asking))]
    authorize_url = oauth2.authorize_url or _AUTHORIZE[oauth2.provider].format(tenant=oauth2.tenant)
    if not authorize_url:
        raise OperatorError('oauth2: provider = "other" needs authorize_url, where a person signs in')
    together = [
        client_of(other, of).scope or (_GOOGLE if of.provider == "google" else "")
        for other, of in asking.values()
        if of.refresh_token_file == oauth2.refresh_token_file
    ]
    return Consent(
        client_of(each, oauth2),
        authorize_url=authorize_url,
        username=each.username,
        scope=" ".join(dict.fromkeys(" ".join(together).split())),
        # Microsoft knows a program on this machine by this name, with any port
        host="localhost" if oauth2.provider == "microsoft" else "127.0.0.1",
    )


def _token_url(oauth2: OAuth2Settings) -> str:
    match oauth2.provider:
        case "google":
            return "https://oauth2.googleapis.com/token"
        case "microsoft":
            return f"https://login.microsoftonline.com/{oauth2.tenant}/oauth2/v2.0/token"
        case "other":
            return oauth2.token_url


def _again_and_again(secret: Callable[[], str]) -> Callable[[], str]:
    """A secret that is read anew for each login. Raises ConfigError now, LoginRefused later, where it cannot be."""
    secret()

    def now() -> str:
        try:
            return secret()
        except ConfigError as error:
            raise LoginRefused(str(error)) from error

    return now
