"""The kinds of value that several sections share: time zones, currencies, addresses, secrets."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from triage.errors import ConfigError
from triage.understanding.currencies import is_code


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
Lower = Annotated[str, AfterValidator(_lower)]
Address = Annotated[str, AfterValidator(_lower), Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Section(BaseModel):
    """What all sections share: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_secret(name: str, value: SecretStr | None, file: Path | None) -> str:
    """A secret given directly or as a file that holds it, "" where neither is set.

    Raises ConfigError where the file cannot be read.
    """
    if file is None:
        return value.get_secret_value() if value is not None else ""
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_file {file}: {getattr(error, 'strerror', None) or error}") from error
