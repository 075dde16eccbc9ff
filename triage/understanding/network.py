"""Token ids in, one row of numbers a text out: ONNX Runtime for the daemon, torch as the reference.

Both read files of a model folder and nothing else. The heavy libraries are imported when a network is opened, so
that programs which never score a mail do not pay for them.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.int64]


class Network(Protocol):
    """A loaded network."""

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """One row for each text of the batch; `ids` and `mask` are texts × tokens, the mask 0 where padded."""
        ...

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The same rows and the vectors of all tokens (texts × tokens × numbers), None where it has none to show."""
        ...


class OnnxNetwork:
    """A graph with the inputs `input_ids` and `attention_mask` and the outputs `vector` and `tokens`, on one thread."""

    def __init__(self, path: Path) -> None:
        # its official builds report each session to their makers unless this is said before they start (Privacy.md)
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        # Two threads on a machine with other work collapse to a fraction of the speed of one.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Plans of memory are kept for every shape ever seen, and mails have all shapes: 150 MB more.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            # On a CPU, sum and normalization take a fifth of the time apart that they take fused.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """One row for each text of the batch."""
        rows = self._session.run(self._outputs[:1], {"input_ids": ids, "attention_mask": mask})[0]
        return np.asarray(rows, dtype=np.float32)

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The same rows and the vectors of all tokens."""
        rows, *tokens = self._session.run(self._outputs, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(rows, np.float32), np.asarray(tokens[0], np.float32) if tokens else None


class TorchEncoder:
    """A Hugging Face encoder whose token vectors are averaged and brought to length one."""

    def __init__(self, folder: Path) -> None:
        _stay_offline()
        from transformers import AutoConfig, AutoModel

        if (folder / "model.safetensors").exists():
            self._model = AutoModel.from_pretrained(folder, local_files_only=True, **_SAFE).eval().float()
            return
        # The shipped model holds its weights once, in the graph.
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        self._model = AutoModel.from_config(config, add_pooling_layer=False).eval().float()  # type: ignore[no-untyped-call]
        self._model.load_state_dict(_weights(folder / "model.onnx"))

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """One row for each text of the batch."""
        return self.read(ids, mask)[0]

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The same rows and the vectors of all tokens."""
        import torch

        with torch.inference_mode():
            weights = torch.from_numpy(mask)
            tokens = self._model(input_ids=torch.from_numpy(ids), attention_mask=weights).last_hidden_state
            return _numbers(pool(tokens, weights)), _numbers(tokens)


class TorchLogits:
    """Any Hugging Face sequence classification folder; the row is its logits."""

    def __init__(self, folder: Path) -> None:
        _stay_offline()
        from transformers import AutoModelForSequenceClassification

        self._model = (
            AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, **_SAFE).eval().float()
        )
        #: label name → column of the row
        self.labels: dict[str, int] = {str(name): int(at) for name, at in self._model.config.label2id.items()}

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """One row for each text of the batch."""
        import torch

        with torch.inference_mode():
            found = self._model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            return _numbers(found.logits)

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The logits; what such a model thinks of single tokens is its own business."""
        return self.run(ids, mask), None


#: neither code nor pickles out of a model folder
_SAFE: dict[str, Any] = {"trust_remote_code": False, "use_safetensors": True}


def pool(tokens: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """The mean of the token vectors that are not padding, brought to length one, as the E5 family is trained."""
    import torch

    weights = mask.unsqueeze(-1).to(tokens.dtype)
    mean = (tokens * weights).sum(1) / weights.sum(1).clamp(min=1)
    return torch.nn.functional.normalize(mean, dim=-1)


def _weights(graph: Path) -> "dict[str, torch.Tensor]":
    """The weights of an int8 graph that `models/export.py` wrote, as plain numbers under their names in the encoder."""
    import onnx
    import torch

    raw = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(graph).graph.initializer}
    found = {}
    for name, values in raw.items():
        if not name.startswith("encoder.") or name.endswith(("_scale", "_zero_point", "position_ids")):
            continue
        stem = name.removesuffix("_quantized")
        if name.endswith("_quantized"):
            values = (values.astype(np.float32) - raw[f"{stem}_zero_point"]) * raw[f"{stem}_scale"]
        plain = stem.removeprefix("encoder.")
        # Products have their weights turned round, tables of vectors have not.
        turned = values.ndim == 2 and not plain.startswith("embeddings.")
        found[plain] = torch.from_numpy(np.array(values.T if turned else values, np.float32))
    return found


def _numbers(rows: "torch.Tensor") -> Floats:
    return np.asarray(rows.numpy(), dtype=np.float32)


def _stay_offline() -> None:
    # huggingface_hub reads these once, when it is imported.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    from transformers.utils import logging

    # Its report on tensors that we do not use and its progress bar are nothing to a daemon's log.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
