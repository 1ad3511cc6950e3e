"""The page of the shell: the help of every verb, as the shell prints it, in place of a comment that asks for it."""

from collections.abc import Iterator
from html import escape
from typing import Any

from typer.main import get_command

from scalelaw.cli.app import SECTIONS, shell

HERE = "<!-- the help of every verb -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Name the verbs under headings, so that they are in the table of contents."""
    if HERE not in markdown:
        return markdown
    return markdown.replace(HERE, "\n".join(verbs()))


def verbs() -> Iterator[str]:
    commands = get_command(shell()).commands
    for section, names in SECTIONS.items():
        yield f"\n## {section}\n"
        for name in names:
            yield from described(commands[name], f"scalelaw {name}")


def described(command: Any, name: str) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True, max_content_width=100, terminal_width=100)
    yield f"\n### {name}\n\n<pre class='help'>{escape(command.get_help(context))}</pre>\n"
    for each, below in getattr(command, "commands", {}).items():
        yield from described(below, f"{name} {each}")
