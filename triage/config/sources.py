"""Where settings come from: config.toml and the environment, as people write them.

Says from which folder a relative path counts, and which line or variable a mistake stands in. What can be set is in
`settings`.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource
from sqlalchemy.engine import make_url

from triage.errors import ConfigError

PREFIX = "TRIAGE_"
#: keys that name a file or a folder
PATHS = frozenset(
    {"path", "learned", "password_file", "ca_file", "client_secret_file", "refresh_token_file", "url_file", "key_file"}
)


# the file


def read_file(path: Path) -> tuple[str, dict[str, Any]]:
    """A file's text, and what it says. Raises ConfigError for one that is not there, or no TOML."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file (triage init writes one)") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def counted_from(folder: Path, section: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every relative path counted from `folder`."""
    return {key: _placed(folder, key, value) for key, value in section.items()}


def _placed(folder: Path, key: str, value: Any) -> Any:
    # a site's own names are keys there
    if isinstance(value, dict) and key not in ("queries", "columns"):
        return counted_from(folder, value)
    if isinstance(value, list):
        return [_placed(folder, "", each) for each in value]
    if isinstance(value, str) and value and key in PATHS:
        return str(folder / value)
    if isinstance(value, str) and key == "url" and re.match(r"sqlite(\+\w+)?:///(?!:memory:|file:).", value):
        url = make_url(value)
        return url.set(database=str(folder / (url.database or ""))).render_as_string(hide_password=False)
    return value


# the environment


class Environment(EnvSettingsSource):
    """The environment, mailboxes left out: those are lists, and are met by name in `mailboxes_from_environment`."""

    def __call__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__call__().items() if key != "mailbox"}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """A value that is not JSON stays as it is, and is told together with all other mistakes."""
        with suppress(ValueError):
            return super().decode_complex_value(field_name, field, value)
        return value


def mailboxes_from_environment(values: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Write what the environment says of the file's mailboxes into `values`; gives the mistakes."""
    problems = []
    mailboxes = {name: values["mailbox"][at] for at, name in enumerate(_mailbox_names(values))}
    for variable, value in environment.items():
        match = re.fullmatch(rf"{PREFIX}MAILBOX__(.+?)__(?:(OAUTH2)__)?([A-Z0-9_]+)", variable.upper())
        if match is None:
            continue
        mailbox = mailboxes.get(match[1])
        if mailbox is None:
            problems.append(f"environment: {variable}: the file has no mailbox of that name")
        elif match[2] is None:
            mailbox[match[3].lower()] = value
        else:
            mailbox.setdefault(match[2].lower(), {})[match[3].lower()] = value
    return problems


def unknown_variables(environment: Mapping[str, str], sections: Collection[str]) -> list[str]:
    """Variables that are meant for us and set nothing: a typo must not pass in silence."""
    known = tuple(f"{PREFIX}{section}__".upper() for section in sections)
    return [
        f"environment: {variable}: no such setting"
        for variable in environment
        if variable.startswith(PREFIX) and "__" in variable and not variable.upper().startswith(known)
    ]


def _mailbox_names(values: Mapping[str, Any]) -> list[str]:
    """How variables call the mailboxes of the file, "" where it has no table for one."""
    mailboxes = values.get("mailbox")
    if not isinstance(mailboxes, list):
        return []
    return [str(each.get("name", "")).upper().replace("-", "_") if isinstance(each, dict) else "" for each in mailboxes]


# mistakes


def told(details: Mapping[str, Any], *, name: str, text: str, values: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a line for the operator: the variable, or the file with its line; key, what is wrong.

    `name`, `text` and `values` are those of the file.
    """
    location = tuple(details["loc"])
    message = (
        "no such key" if details["type"] == "extra_forbidden" else str(details["msg"]).removeprefix("Value error, ")
    )
    variable, parts = _variables(values, location)
    if variable:
        return f"environment: {variable}: {message}"
    if parts:
        message += f" ({', '.join(parts)} {'is' if len(parts) == 1 else 'are'} set)"
    line = _line_of(text, location)
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
    return f"{name}{f', line {line}' if line else ''}: {f'{key}: ' if key else ''}{message}"


def _variables(values: Mapping[str, Any], location: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """The variable that gives the value at a location, "" where none does; and those that give parts of it."""
    steps = [str(step).upper() for step in location]
    if location[:1] == ("mailbox",) and len(location) > 1:
        steps[1] = _mailbox_names(values)[int(location[1])]
    name = PREFIX + "__".join(steps)
    parts = [variable for variable in os.environ if steps and variable.upper().startswith(f"{name}__")]
    whole = [variable for variable in os.environ if steps and f"{name}__".startswith(f"{variable.upper()}__")]
    return max(whole, key=len, default=""), parts


def _line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """The line where a key (or else its section) stands; TOML's own parser does not tell."""
    if not location:
        return None
    section, index = str(location[0]), -1
    keys = [step for step in location[1:] if isinstance(step, str)]
    wanted = next((step for step in location[1:] if isinstance(step, int)), 0)
    wanted_key, fallback = None if keys else section, None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[+)\s*([^\]]+?)\s*\]+", line)
        if header:
            first, *path = (part.strip().strip('"') for part in header[2].split("."))
            index += first == section and not path and header[1] == "[["
            inside = first == section and path == keys[: len(path)] and index in (-1, wanted)
            wanted_key = keys[len(path)] if inside and len(path) < len(keys) else None
            fallback = number if inside else fallback
        elif wanted_key and re.match(rf"\s*\"?{re.escape(wanted_key)}\"?\s*[=.]", line):
            return number
    return fallback
