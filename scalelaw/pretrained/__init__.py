"""ParScale on a pre-trained model of transformers: add streams, train them, switch P, generate, save.

>>> import transformers
>>> from scalelaw import pretrained
>>> config = transformers.Qwen2Config(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
...                                   num_attention_heads=2, num_key_value_heads=1)
>>> model = pretrained.add_streams(transformers.Qwen2ForCausalLM(config), streams=4, prefix_tokens=8)
>>> model.streams, sum(each.numel() for each in pretrained.trainable(model, "streams"))
(4, 2132)

Importing this package makes transformers' Auto classes know the released checkpoints (``qwen2_parscale``) and the same
of other families; it needs the extra ``pretrained``. :mod:`~scalelaw.pretrained.training` trains, and
:mod:`~scalelaw.pretrained.scoring` scores tasks.

A saved model is served by transformers' own server once this package is imported in its process, since the server does
not know the classes otherwise::

    python -c "import scalelaw.pretrained; from transformers.cli.transformers import main; main()" serve out/model
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scalelaw.extras import need

if TYPE_CHECKING:
    from scalelaw.pretrained import scoring, training

for _package in ("torch", "safetensors", "transformers"):
    need(_package, extra="pretrained", purpose="streams on a pre-trained model")

from scalelaw.pretrained.adding import add_streams, trainable  # noqa: E402
from scalelaw.pretrained.converting import convert, merge  # noqa: E402
from scalelaw.pretrained.evaluating import Documents, Evaluation, evaluate, evaluate_each, score_documents  # noqa: E402
from scalelaw.pretrained.families import FAMILIES, register  # noqa: E402
from scalelaw.pretrained.generating import continue_text, continue_texts  # noqa: E402
from scalelaw.pretrained.loading import load, load_tokenizer  # noqa: E402
from scalelaw.pretrained.saving import load_streams, save_streams  # noqa: E402
from scalelaw.pretrained.settings import Settings  # noqa: E402
from scalelaw.pretrained.texts import documents  # noqa: E402

for _family in FAMILIES:
    register(_family)


def __getattr__(name: str) -> Any:
    if name in ("scoring", "training"):  # which load more of transformers
        return import_module(f"scalelaw.pretrained.{name}")
    raise AttributeError(f"module 'scalelaw.pretrained' has no attribute {name!r}")


__all__ = [
    "Documents",
    "Evaluation",
    "Settings",
    "add_streams",
    "continue_text",
    "continue_texts",
    "convert",
    "documents",
    "evaluate",
    "evaluate_each",
    "load",
    "load_streams",
    "load_tokenizer",
    "merge",
    "register",
    "save_streams",
    "score_documents",
    "scoring",
    "trainable",
    "training",
]
