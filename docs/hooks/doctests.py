"""Examples that stand in a docstring without a heading, which Markdown would take for quotations."""

import re
from typing import Any

import griffe

FIRST = re.compile(r"^(?=>>> )", re.MULTILINE)
HEADING = re.compile(r"^Examples\n-+$", re.MULTILINE)


class Headings(griffe.Extension):
    """Put the heading above the first line of an example that has none."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and not HEADING.search(obj.docstring.value):
            obj.docstring.value = FIRST.sub("\nExamples\n--------\n", obj.docstring.value, count=1)
