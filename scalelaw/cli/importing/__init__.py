"""`scalelaw import`: runs that others logged, as a runs table."""

from __future__ import annotations

import typer

from scalelaw.cli.importing import lm_eval, tensorboard, trainer, wandb

app = typer.Typer(
    no_args_is_help=True,
    help="Read runs that others logged into a runs table: trainer, wandb, tensorboard, lm-eval.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for name, verb in (("trainer", trainer), ("wandb", wandb), ("tensorboard", tensorboard), ("lm-eval", lm_eval)):
    app.command(name)(verb.run)
