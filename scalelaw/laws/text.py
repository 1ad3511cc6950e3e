"""The text of a formula: what it may be made of, and how a piece of it is refused with the piece shown."""

import ast
import math
import re
import warnings
from collections.abc import Callable
from keyword import iskeyword
from typing import Any, NoReturn
from unicodedata import normalize

import numpy as np

from scalelaw.errors import LawError

MAX_LENGTH = 1000
MAX_DEPTH = 100


class FormulaText:
    """The text of a formula, and how to refuse a piece of it."""

    def __init__(self, text: str):
        if not isinstance(text, str):
            raise LawError(f"a formula is text such as 'E + A/N**alpha', not {type(text).__name__}")
        if len(text) > MAX_LENGTH:
            raise LawError(f"the formula has {len(text)} characters and may have {MAX_LENGTH}; write it as a function")
        self.text = " ".join(text.split())
        if not self.text:
            raise LawError("the formula is empty; write one such as 'E + A/N**alpha'")
        self._check_words()
        self._check_characters()
        self._check_parentheses()
        self._check_end()

    @property
    def _python(self) -> str:
        return self.text.replace("^", "**")

    def tree(self) -> ast.expr:
        """The syntax tree, unchecked."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self._python, mode="eval").body
        except SyntaxError as error:
            at = self._index(len(self._python[: (error.offset or 1) - 1].encode()))
            self.refuse_span(at, at + 1, f"cannot be read here ({error.msg}); a product needs *, a power ** or ^")
        except (ValueError, MemoryError, RecursionError):
            raise LawError(f"the formula {self._short()!r} is nested too deep; write it as a function") from None

    def finite(self, node: ast.expr, value: Callable[[], Any]) -> float:
        """Value of a constant part, in floats: there an exponent tower overflows at once instead of filling memory."""
        try:
            with np.errstate(all="ignore"):
                number = float(value())
        except (OverflowError, ZeroDivisionError, TypeError):
            number = math.nan
        if not math.isfinite(number):
            self.refuse(node, "is not a finite real number")
        return number

    def refuse(self, node: ast.expr, why: str) -> NoReturn:
        self.refuse_span(self._index(node.col_offset), self._index(node.end_col_offset or node.col_offset + 1), why)

    def _check_characters(self) -> None:
        for at, character in enumerate(self.text):
            # Python folds look-alikes such as the superscript 2 into plain characters, which changes the formula.
            if re.match(r"[^\w .+\-*/^(),]", character) or normalize("NFKC", character) != character:
                self.refuse_span(at, at + 1, "is not allowed: a formula has names, numbers and + - * / ** ^ ( ) ,")

    def _check_parentheses(self) -> None:
        opened: list[int] = []
        for at, character in enumerate(self.text):
            if character == "(":
                opened.append(at)
            elif character == ")":
                if not opened:
                    self.refuse_span(at, at + 1, "closes a parenthesis that was never opened")
                opened.pop()
            if len(opened) > MAX_DEPTH:
                self.refuse_span(at, at + 1, f"opens more than {MAX_DEPTH} parentheses; write the law as a function")
        if opened:
            self.refuse_span(opened[-1], opened[-1] + 1, "is never closed; add a )")

    def _check_words(self) -> None:
        for found in re.finditer(r"\b[^\W\d]\w*", self.text):
            word = found.group()
            if iskeyword(word):
                self.refuse_span(*found.span(), f"is a Python keyword, not a name; a parameter may be called {word}_")
            if word.startswith("_"):
                self.refuse_span(*found.span(), "is not allowed: a name begins with a letter")

    def _check_end(self) -> None:
        if self.text[-1] in "+-*/^":
            at = len(self.text) - 1
            self.refuse_span(at, at + 1, "has nothing after it; the formula ends too early")

    def _index(self, byte: int) -> int:
        """Position in the text of a byte offset in the parsed source, where every ``^`` is two characters long."""
        position = 0
        for at, character in enumerate(self.text):
            if position >= byte:
                return at
            position += 2 if character == "^" else len(character.encode())
        return len(self.text)

    def refuse_span(self, start: int, stop: int, why: str) -> NoReturn:
        piece = self.text[start:stop] or "the end of the formula"
        shown = piece if len(piece) <= 60 else f"{piece[:57]}..."
        low = max(0, start - 40)
        window = self.text[low : max(stop, start + 1) + 40][:120]
        carets = "^" * max(1, min(stop - start, len(window) - (start - low)))
        raise LawError(f"{shown!r} {why}\n    {window}\n    {' ' * (start - low)}{carets}")

    def _short(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
