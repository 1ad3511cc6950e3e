"""Sets of streams that rest beside the one in place: for calls that ask for them, or until they take its place."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from scalelaw.pretrained.aggregator import Aggregator
from scalelaw.pretrained.decoder import attentions
from scalelaw.pretrained.prefixes import Maker
from scalelaw.pretrained.settings import Settings


class Resting(nn.Module):
    """A set of streams outside the decoder's layers, by the layer's index."""

    passes: Tensor | None

    def __init__(self, settings: Settings, aggregator: Aggregator, maker: Maker | None, passes: Tensor | None):
        super().__init__()
        self.settings = settings
        self.aggregator, self.maker = aggregator, maker
        self.register_buffer("passes", passes)
        self.keys, self.values = nn.ParameterDict(), nn.ParameterDict()

    def layer(self, module: Any) -> tuple[Tensor, Tensor]:
        """Keys and values of the layer of an attention."""
        if self.maker is not None:
            made: tuple[Tensor, Tensor] = self.maker(module.layer_idx)
            return made
        return self.keys[str(module.layer_idx)], self.values[str(module.layer_idx)]


def lift(decoder: Any) -> None:
    """Take the set in place out of its place, to rest; where there is none, nothing."""
    settings, name = decoder.stream_settings, decoder.stream_name
    if settings.streams == 1:
        return
    maker = getattr(decoder, "prefix_maker", None)
    resting = Resting(settings, decoder.aggregate_layer, maker, getattr(decoder, "prefix_passes", None))
    del decoder.aggregate_layer
    if hasattr(decoder, "prefix_passes"):
        del decoder.prefix_passes
    if maker is not None:
        del decoder.prefix_maker
    else:
        for index, module in attentions(decoder).items():
            resting.keys[str(index)], resting.values[str(index)] = module.prefix_k, module.prefix_v
            del module.prefix_k, module.prefix_v
    decoder.resting_streams[name] = resting


def lay(decoder: Any, name: str) -> None:
    """Put a resting set in the place that is free."""
    resting = decoder.resting_streams[name]
    del decoder.resting_streams[name]
    decoder.stream_settings, decoder.stream_name = resting.settings, name
    decoder.aggregate_layer = resting.aggregator
    if resting.passes is not None:
        decoder.register_buffer("prefix_passes", resting.passes)
    if resting.maker is not None:
        decoder.prefix_maker = resting.maker
        return
    for index, module in attentions(decoder).items():
        module.prefix_k, module.prefix_v = resting.keys[str(index)], resting.values[str(index)]
