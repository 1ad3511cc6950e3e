"""LaTeX of a formula, in the part of it that Matplotlib's mathtext can set."""

import ast
import re

GREEK = frozenset(
    {
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
        *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    }
)
FUNCTIONS = {
    "exp": r"\exp",
    "log": r"\ln",
    "ln": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "tanh": r"\tanh",
    "min": r"\min",
    "max": r"\max",
    "minimum": r"\min",
    "maximum": r"\max",
}
SUM, PRODUCT, POWER, ATOM = range(4)


def symbol(name: str) -> str:
    r"""LaTeX of a name: Greek letters, and what follows a letter or an underscore as a subscript.

    Examples
    --------
    >>> print(symbol("alpha"), symbol("alpha_N"), symbol("Nc"), symbol("rate"))
    \alpha \alpha_{N} N_{c} \mathrm{rate}
    """
    if found := re.fullmatch(r"(.+)\[(.+)\]", name):  # a group's own parameter
        group = found[2].replace("_", r"\_")
        return rf"{symbol(found[1])}^{{\mathrm{{{group}}}}}"
    base, _, subscript = name.strip("_").partition("_")
    if not subscript and base not in GREEK and (found := re.fullmatch(r"([A-Z])([a-z]|\d+)|([a-z])(\d+)", base)):
        base, subscript = found[1] or found[3], found[2] or found[4]
    return _letter(base) + (f"_{{{_subscript(subscript)}}}" if subscript else "")


def latex(tree: ast.expr) -> str:
    r"""LaTeX of the syntax tree of a formula, without dollar signs.

    Examples
    --------
    >>> print(latex(ast.parse("E + A/N**alpha", mode="eval").body))
    E + \frac{A}{N^{\alpha}}
    """
    return _set(tree)[0]


def _letter(text: str) -> str:
    if text in GREEK:
        return rf"\{text}"
    return text if len(text) == 1 else rf"\mathrm{{{text}}}"


def _subscript(text: str) -> str:
    parts = [_letter(part) for part in text.split("_") if part]
    return ",".join(parts)


def _set(node: ast.expr) -> tuple[str, int]:
    """LaTeX of a node, and how tightly it binds."""
    match node:
        case ast.Name(id=name):
            return symbol(name), ATOM
        case ast.Constant(value=int() | float() as number):
            return _number(float(number))
        case ast.UnaryOp(op=op, operand=operand):
            return ("-" if isinstance(op, ast.USub) else "") + _at_least(operand, PRODUCT), SUM
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(left, op, right)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, args)
    raise TypeError(f"no LaTeX for {type(node).__name__}")


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
    match op:
        case ast.Add():
            return f"{_at_least(left, SUM)} + {_at_least(right, PRODUCT)}", SUM
        case ast.Sub():
            return f"{_at_least(left, SUM)} - {_at_least(right, PRODUCT)}", SUM
        case ast.Div():
            return rf"\frac{{{_set(left)[0]}}}{{{_set(right)[0]}}}", PRODUCT
        case ast.Pow():
            return f"{_at_least(left, ATOM)}^{{{_set(right)[0]}}}", POWER
    first, second = _at_least(left, PRODUCT), _at_least(right, PRODUCT)
    sign = r"\times" if second[0].isdigit() else r"\,"
    return f"{first} {sign} {second}", PRODUCT


def _call(name: str, args: list[ast.expr]) -> tuple[str, int]:
    inner = ", ".join(_set(arg)[0] for arg in args)
    if name == "sqrt":
        return rf"\sqrt{{{inner}}}", ATOM
    if name == "log1p":
        return rf"\ln\left(1 + {_at_least(args[0], PRODUCT)}\right)", POWER
    if name == "expm1":
        return rf"\exp\left({inner}\right) - 1", SUM
    return rf"{FUNCTIONS[name]}\left({inner}\right)", POWER


def _at_least(node: ast.expr, binding: int) -> str:
    """LaTeX of a node, in parentheses where it binds less tightly than its surroundings."""
    text, own = _set(node)
    return text if own >= binding else rf"\left({text}\right)"


def _number(value: float) -> tuple[str, int]:
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    if not exponent:
        return mantissa, ATOM
    power = f"10^{{{int(exponent)}}}"
    return (power, POWER) if mantissa == "1" else (rf"{mantissa} \times {power}", PRODUCT)
