"""Open a folder of `models/`: what it is, whether it is whole, and a classifier out of it. Never asks the network.

A folder is described by its `model.toml`:

- with `heads.safetensors`: our own make. An encoder (`model.onnx`, whose weights the transformers back
  end reads as well, or `model.safetensors`) under two linear heads;
- with a table `[labels]`: any Hugging Face sequence classification folder; each of its labels is a reason or `none`;
- with `base`: made on site by `learn` over the encoder of another folder.

Every file that is named under `[files]` must have the digest that stands there.
"""

import contextlib
import ctypes
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError
from tokenizers import Tokenizer

from triage.errors import ModelError
from triage.understanding.classify import Classifier, Thresholds, Transformer
from triage.understanding.findings import REASONS
from triage.understanding.heads import NONE, Calibration, Heads, LabelHeads, LinearHeads
from triage.understanding.network import Network, OnnxNetwork, TorchEncoder, TorchLogits
from triage.understanding.senses import SenseHead
from triage.understanding.terms import Terms

Backend = Literal["onnx", "transformers"]

DESCRIPTION, CONFIG, GRAPH, TOKENIZER = "model.toml", "config.json", "model.onnx", "tokenizer.json"
HEADS, SENSE_HEAD, TERMS = "heads.safetensors", "senses.safetensors", "terms.safetensors"
WEIGHTS = "model.safetensors"

#: parameter of mallopt(3)
_M_ARENA_MAX = -8


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bands(_Table):
    """Table `[thresholds]`."""

    auto: float = Field(gt=0, le=1)
    review: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Bands":
        if self.review > self.auto:
            raise ValueError("review must not be over auto")
        return self


class Honest(_Table):
    """Table `[calibration]`."""

    scale: float = Field(default=1.0, gt=0)
    shift: float = 0.0
    temperature: float = Field(default=1.0, gt=0)


class Description(_Table):
    """`model.toml`."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    #: tokens that the network reads at once
    window: int = Field(default=256, ge=32, le=8192)
    #: stands before every text, as the encoder was trained with it
    prefix: str = ""
    #: folder of the model whose encoder is used, relative to this one
    base: str | None = None
    #: sha256 of the base's model.toml
    base_digest: str | None = None
    thresholds: Bands
    calibration: Honest = Honest()
    #: label of a Hugging Face model → reason or "none"
    labels: dict[str, str] = {}
    #: file name → sha256
    files: dict[str, str] = {}
    #: figures from when it was made, for people
    scores: dict[str, float] = {}

    @model_validator(mode="after")
    def _labels_are_ours(self) -> "Description":
        if strange := sorted(set(self.labels.values()) - {NONE, *REASONS}):
            raise ValueError(f"[labels] names {', '.join(strange)}: neither a reason nor none")
        if self.labels and (NONE not in self.labels.values() or len(set(self.labels.values())) < 2):
            raise ValueError("[labels] needs at least one label for none and one for a reason")
        return self


def open_model(path: Path, *, backend: Backend = "onnx") -> Classifier:
    """The classifier in a folder; raises ModelError with one line for each thing that is wrong."""
    described = describe(path)
    check_digests(path, described)
    if described.base is None:
        return open_transformer(path, backend=backend)
    base = base_of(path, described)
    return open_transformer(path, backend=backend, encoder=base)


def describe(path: Path) -> Description:
    """Read and check a folder's model.toml."""
    if not path.is_dir():
        raise ModelError(f"no model folder at {path}")
    try:
        content = (path / DESCRIPTION).read_text(encoding="utf-8")
        return Description.model_validate(tomllib.loads(content))
    except FileNotFoundError:
        raise ModelError(f"{path} has no {DESCRIPTION}: it is no model folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path / DESCRIPTION}: {error}") from error
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(key) for key in found['loc']) or DESCRIPTION}: {found['msg']}" for found in error.errors()
        ]
        raise ModelError(f"{path / DESCRIPTION} has mistakes: {'; '.join(problems)}", problems) from error


def write_description(path: Path, described: Description) -> None:
    """Write a folder's model.toml."""
    plain = described.model_dump(exclude_none=True)
    # JSON strings and numbers are TOML strings and numbers.
    top = [f"{key} = {json.dumps(value)}" for key, value in plain.items() if not isinstance(value, dict)]
    tables = [
        "\n".join([f"[{key}]", *(f"{json.dumps(name)} = {json.dumps(each)}" for name, each in value.items())])
        for key, value in plain.items()
        if isinstance(value, dict) and value
    ]
    (path / DESCRIPTION).write_text("\n".join(top) + "\n\n" + "\n\n".join(tables) + "\n", encoding="utf-8")


def check_digests(path: Path, described: Description) -> None:
    """Raise ModelError unless every file named under `[files]` is there and is the one that was meant."""
    problems = []
    for name, wanted in described.files.items():
        if Path(name).name != name:
            problems.append(f"{name}: not a plain file name")
        elif not (path / name).is_file():
            problems.append(f"{name} is missing")
        elif digest(path / name) != wanted:
            problems.append(f"{name} is damaged or was replaced: its sha256 is not the one in {DESCRIPTION}")
    if problems:
        raise ModelError(f"model {path}: {'; '.join(problems)}", problems)


def base_of(path: Path, described: Description) -> Path:
    """The folder whose encoder a learned model uses, checked to be the one that it was learned on."""
    base = (path / (described.base or "")).resolve()
    check_digests(base, describe(base))
    if digest(base / DESCRIPTION) != described.base_digest:
        raise ModelError(f"model {path} was learned on another version of {base.name}: learn again, or roll back")
    return base


def open_transformer(path: Path, *, backend: Backend, encoder: Path | None = None) -> Transformer:
    """Heads of one folder over the network of the same or another one; digests are not looked at again."""
    described = describe(path)
    encoder = encoder or path
    if described.labels and backend == "onnx":
        raise ModelError(f"model {path}: a folder with [labels] needs the transformers back end")
    needed = [TOKENIZER]
    if backend == "transformers":
        needed.append(CONFIG)
    if not described.labels:
        # The graph holds the weights too; of a foreign model it says nothing to torch.
        needed += [HEADS, WEIGHTS if backend == "transformers" and (encoder / WEIGHTS).is_file() else GRAPH]
    elif backend == "transformers":
        needed.append(WEIGHTS)
    absent = [name for name in needed if not ((path if name == HEADS else encoder) / name).is_file()]
    if absent:
        raise ModelError(f"model {path} lacks {', '.join(absent)} for the {backend} back end", absent)
    _share_one_heap()
    try:
        network, heads = _network_and_heads(path, encoder, described, backend)
        tokenizer = Tokenizer.from_file(str(encoder / TOKENIZER))
        terms = Terms.load(encoder / TERMS, tokenizer) if (encoder / TERMS).is_file() else None
        senses = SenseHead.load(encoder / SENSE_HEAD) if (encoder / SENSE_HEAD).is_file() else None
    except ModelError:
        raise
    except ImportError as error:
        raise ModelError(f"the {backend} back end is not installed: {error}") from error
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"model {path} cannot be loaded: {error}") from error
    except Exception as error:
        # tokenizers and onnxruntime raise bare and private classes
        raise ModelError(f"model {path} cannot be loaded: {type(error).__name__}: {error}") from error
    _give_back()
    return Transformer(
        name=f"{described.name} {described.version}",
        tokenizer=tokenizer,
        network=network,
        heads=heads,
        thresholds=Thresholds(auto=described.thresholds.auto, review=described.thresholds.review),
        window=described.window,
        prefix=described.prefix,
        senses=senses,
        terms=terms,
    )


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _share_one_heap() -> None:
    """One heap for all threads that come; glibc would give each its own, and keep what is free there: 9 MB."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _give_back() -> None:
    """Return what loading needed and left to the system; glibc would keep 20 MB of it for ever."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _network_and_heads(path: Path, encoder: Path, described: Description, backend: Backend) -> tuple[Network, Heads]:
    calibration = Calibration(**described.calibration.model_dump())
    if not described.labels:
        heads = LinearHeads.load(path / HEADS, calibration)
        return OnnxNetwork(encoder / GRAPH) if backend == "onnx" else TorchEncoder(encoder), heads
    network = TorchLogits(encoder)
    return network, LabelHeads(columns=_columns(described.labels, network.labels), calibration=calibration)


def _columns(wanted: Mapping[str, str], present: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Reason or "none" → the columns of the labels that stand for it."""
    if set(wanted) != set(present):
        raise ModelError(f"[labels] names {sorted(wanted)}, but the model has {sorted(present)}")
    reasons = dict.fromkeys(wanted.values())
    return {reason: tuple(at for label, at in present.items() if wanted[label] == reason) for reason in reasons}
