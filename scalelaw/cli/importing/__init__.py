"""`scalelaw import`: runs that others logged, as a runs table."""

from __future__ import annotations

import typer

from scalelaw.cli.importing import trainer

app = typer.Typer(
    no_args_is_help=True,
    help="Read runs that others logged into a runs table: trainer.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.callback()(lambda: None)  # so that one verb is a verb still
for name, verb in (("trainer", trainer),):
    app.command(name)(verb.run)
