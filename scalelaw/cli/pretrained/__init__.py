"""`scalelaw pretrained`: streams on a pre-trained model."""

from __future__ import annotations

import typer

from scalelaw.cli.pretrained import add, convert, evaluate, generate, train

app = typer.Typer(
    no_args_is_help=True,
    help="Put parallel streams on a pre-trained model: add, train, generate, evaluate, convert.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for name, verb in (("add", add), ("train", train), ("generate", generate), ("convert", convert), ("eval", evaluate)):
    app.command(name)(verb.run)
