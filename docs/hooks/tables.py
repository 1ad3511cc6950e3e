"""Tables of what is built in, laws and bundled sets, in place of a comment that asks for one."""

from collections.abc import Callable, Iterator
from typing import Any

from scalelaw import datasets, laws


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put each table where its comment stands."""
    for comment, rows in TABLES.items():
        if comment in markdown:
            markdown = markdown.replace(comment, "\n".join(rows()))
    return markdown


def every_law() -> Iterator[str]:
    yield from ("| name | loss | source |", "| --- | --- | --- |")
    for name, law in laws.ALL.items():
        yield f"| `{name}` | `{law.formula}` | {law.source} |"


def every_set() -> Iterator[str]:
    yield from ("| name | what it is | paper |", "| --- | --- | --- |")
    for name in datasets.names():
        told = datasets.about(name)
        yield f"| `{name}` | {told['title']} | {told['paper']} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "<!-- every law -->": every_law,
    "<!-- every bundled set -->": every_set,
}
