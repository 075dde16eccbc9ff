"""The network that is trained: the encoder under its heads, and the folder that it is kept in."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoModel

from triage.understanding.findings import REASONS
from triage.understanding.heads import LinearHeads
from triage.understanding.models import HEADS, SENSE_HEAD
from triage.understanding.network import Floats, pool
from triage.understanding.senses import SENSES, SenseHead


class Net(nn.Module):
    """The encoder with its heads: dispute and reason over a mail, sense over a number."""

    def __init__(self, folder: Path, heads: LinearHeads | None = None) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False)
        size = self.encoder.config.hidden_size
        self.dispute, self.reason = nn.Linear(size, 1), nn.Linear(size, len(REASONS))
        self.sense = nn.Linear(size, len(SENSES))
        if heads is not None:
            with torch.no_grad():
                self.dispute.weight.copy_(torch.from_numpy(heads.dispute)[None])
                self.dispute.bias.fill_(heads.dispute_bias)
                self.reason.weight.copy_(torch.from_numpy(heads.reason))
                self.reason.bias.copy_(torch.from_numpy(heads.reason_bias))

    def vectors(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """One vector a text."""
        return pool(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)

    def load_senses(self, head: SenseHead) -> None:
        """Go on with a head that was trained before."""
        with torch.no_grad():
            self.sense.weight.copy_(torch.from_numpy(head.weight))
            self.sense.bias.copy_(torch.from_numpy(head.bias))

    def senses(self) -> SenseHead:
        """The head over tokens as the package has it."""
        return SenseHead(weight=_array(self.sense.weight), bias=_array(self.sense.bias))

    def heads(self) -> LinearHeads:
        """The heads as the package has them."""
        return LinearHeads(
            dispute=_array(self.dispute.weight)[0],
            dispute_bias=float(self.dispute.bias.item()),
            reason=_array(self.reason.weight),
            reason_bias=_array(self.reason.bias),
        )


def embed(net: Net, texts: Sequence[list[int]]) -> Floats:
    """Vectors of many texts, in their order."""
    net.eval()
    found: dict[int, Floats] = {}
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            ids, mask = pad([texts[at] for at in batch], device(net))
            found.update(zip(batch, _array(net.vectors(ids, mask)), strict=True))
    return np.stack([found[at] for at in range(len(texts))])


def pad(texts: Sequence[list[int]], where: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of a batch."""
    width = max(map(len, texts))
    ids = torch.ones(len(texts), width, dtype=torch.long)
    mask = torch.zeros(len(texts), width, dtype=torch.long)
    for at, text in enumerate(texts):
        ids[at, : len(text)] = torch.tensor(text)
        mask[at, : len(text)] = 1
    return ids.to(where), mask.to(where)


def device(net: nn.Module) -> torch.device:
    """Where the net lives."""
    return next(net.parameters()).device


def write(net: Net, encoder: Path, folder: Path, manifest: dict[str, object]) -> None:
    """The trained encoder as a Hugging Face folder, its heads beside it."""
    net.encoder.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((encoder / "tokenizer.json").read_bytes())
    net.heads().save(folder / HEADS)
    net.senses().save(folder / SENSE_HEAD)
    (folder / "training.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _array(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.detach().cpu().float().numpy(), np.float32)
