"""The weighted sum of the streams, token by token, after the final norm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalelaw.pretrained.settings import Settings


class Aggregator(nn.Sequential):
    """Weights w = (1 - epsilon) softmax(f(h_1, ..., h_P)) + epsilon/P, and the sum of w_p h_p.

    f is a two-layer SiLU MLP or one linear layer, or nothing: equal weights. Its tensors are named and ordered as in
    the released checkpoints: the input interleaves the streams, feature j = W index * P + p.

    Sizes: P streams, B batch, S tokens, W width.
    """

    def __init__(self, settings: Settings, width: int):
        P = settings.streams
        layers: dict[str, list[nn.Module]] = {
            "mlp": [nn.Linear(P * width, width), nn.SiLU(), nn.Linear(width, P)],
            "linear": [nn.Linear(P * width, P)],
            "mean": [],
        }
        super().__init__(*layers[settings.aggregation])
        self.streams, self.smoothing = P, settings.smoothing

    @property
    def kept_in(self) -> torch.dtype:
        into = self[0]
        assert isinstance(into, nn.Linear)
        return into.weight.dtype

    def weights(self, h: Tensor, kept: Sequence[int]) -> Tensor:
        """Weights (B, S, Q) of the streams ``kept``, whose hidden states are h (Q, B, S, W)."""
        if not len(self):
            return h.new_full((*h.shape[1:3], len(kept)), 1 / len(kept))
        x = h.permute(1, 2, 3, 0).flatten(2).to(self.kept_in)
        scores = self._scores(x) if len(kept) == self.streams else self._some_scores(x, list(kept))
        return scores.float().softmax(dim=-1) * (1 - self.smoothing) + self.smoothing / len(kept)

    def forward(self, h: Tensor, kept: Sequence[int]) -> Tensor:  # type: ignore[override]
        """The weighted sum (B, S, W) of the streams h (Q, B, S, W)."""
        if len(kept) == 1:
            return h[0]
        w = self.weights(h, kept)[..., None]
        # weights sum to 1, so this is the sum of w_p h_p, and exactly h where all streams are alike
        first = h[0].float()
        mixed = first
        for p in range(1, len(kept)):
            mixed = mixed + w[..., p, :] * (h[p] - first)
        return mixed.to(h.dtype)

    def _scores(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x

    def _some_scores(self, x: Tensor, kept: list[int]) -> Tensor:
        """Scores of some streams: what belongs to the others is left out of the layers."""
        into, out = self[0], self[-1]
        assert isinstance(into, nn.Linear)
        assert isinstance(out, nn.Linear)
        columns = into.weight.unflatten(1, (-1, self.streams))[:, :, kept].flatten(1)
        if len(self) == 1:
            return F.linear(x, columns[kept], into.bias[kept])
        return F.linear(F.silu(F.linear(x, columns, into.bias)), out.weight[kept], out.bias[kept])
