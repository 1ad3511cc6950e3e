"""Roles such as :class:`~scalelaw.Law` in docstrings, which Markdown does not know, as plain code."""

import re
from typing import Any

ROLE = re.compile(r":(?:class|func|mod|meth|data|attr):<code>~?([\w.]+)</code>")


def on_page_content(content: str, **_: Any) -> str:
    """Keep the last word of each name."""
    return ROLE.sub(lambda found: f"<code>{found[1].rpartition('.')[2]}</code>", content)
