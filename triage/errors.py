"""Every exception the house raises on purpose.

::

    TriageError
    ├── OperatorError            a mistake of the person who runs this: one clear line, exit code 2
    │   ├── ConfigError          config.toml or the environment, with all problems at once
    │   ├── RulesError           a file under rules/
    │   ├── ModelError           a folder under models/: missing, damaged, of another make
    │   ├── DatabaseError        the database cannot be opened, is locked, or is newer than this program
    │   ├── AlreadyRunning       a second daemon on one SQLite file
    │   └── NotFound             no such case, letter, mail or file
    ├── MailTooComplex           a mail built to exhaust its reader: set aside for a person
    ├── LoginError               no login for now: the token endpoint is down, the server is busy
    │   └── LoginRefused         the password, token or client secret is not accepted
    ├── MailboxError             IMAP: could not connect, log in, select or fetch
    │   └── MailboxRefused       the server said no for good: wrong password, no such folder
    └── RelayError               SMTP: no connection or login; nothing has been handed over
        └── RelayRefused         the relay said no for good: wrong password, certificate not trusted

The docstring is the default message. Foreign errors are translated at the border with ``raise … from``.
"""

from collections.abc import Sequence


class TriageError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class OperatorError(TriageError):
    """This cannot be done as asked."""

    def __init__(self, message: str | None = None, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: each thing that is wrong, one line each; empty when the message says it all
        self.problems = tuple(problems)


class ConfigError(OperatorError):
    """The configuration has mistakes."""


class RulesError(OperatorError):
    """A rules file has mistakes."""


class ModelError(OperatorError):
    """The model cannot be loaded."""


class DatabaseError(OperatorError):
    """The database cannot be used."""


class AlreadyRunning(OperatorError):
    """Another daemon already works on this database."""


class NotFound(OperatorError):
    """There is no such thing."""


class MailTooComplex(TriageError):
    """The mail has more nesting, parts or headers than any honest mail."""


class LoginError(TriageError):
    """Logging in failed for now."""


class LoginRefused(LoginError):
    """The login was refused."""


class MailboxError(TriageError):
    """The mailbox could not be read."""


class MailboxRefused(MailboxError):
    """The mail server refused us."""


class RelayError(TriageError):
    """The relay could not be reached."""


class RelayRefused(RelayError):
    """The relay refused us."""
