"""A TOML file under `rules/`, read against a pydantic model, with every mistake named at once."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from triage.errors import RulesError


class RuleFile(BaseModel):
    """What the models of rule files have in common: unknown keys are mistakes, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def read_rule_file(path: Path, model: type[Model]) -> Model:
    """The file as `model`; a `RulesError` lists all that is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: is not TOML: {error}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path}: {_place(problem['loc'], content)}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_context=False)
        ]
        raise mistakes(path, problems) from error


def mistakes(path: Path, problems: Sequence[str]) -> RulesError:
    """One error for all problems of a file; each problem already names its place."""
    count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return RulesError(f"{path} has {count}:\n  " + "\n  ".join(problems), problems)


def _place(location: Sequence[int | str], content: object) -> str:
    """The keys that lead to a mistake; a list item is called by its own name where it has one."""
    words: list[str] = []
    for key in location:
        content = _child(content, key)
        name = content.get("name", content.get("kind")) if isinstance(content, dict) else None
        if isinstance(key, int):
            words.append(f"number {key + 1}" + (f" ({name})" if name else ""))
        else:
            words.append(key)
    return ", ".join(words) or "the file"


def _child(content: object, key: int | str) -> object:
    if isinstance(content, dict):
        return content.get(key)
    if isinstance(content, list) and isinstance(key, int) and key < len(content):
        return content[key]
    return None
