"""Formulas that a person writes, such as a config's `tie: "1 - i"`: read, never evaluated."""

import ast
import re
import warnings

from gatebench.errors import UserError, unknown
from gatebench.spec.expression import FUNCTIONS, LARGEST, Expr, lift, name, simplify

_INFIX = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_DEEPEST = 40  # operations inside one another; bounds the recursion below
_LONGEST = 1000  # characters
_CHARACTERS = re.compile(r"[A-Za-z0-9_\s+\-*/(),.\[\]]*", re.ASCII)


def parse(text: str | float) -> Expr:
    """Return the expression that `text` writes: names, numbers, + - * /, brackets, the functions, and c[t] or c[t-1].

    Raises:
        UserError: it is not such an expression. Nothing is ever evaluated.
    """
    source = str(text).strip()
    if len(source) > _LONGEST:
        raise UserError(f"The formula {source[:40]!r}… has {len(source)} characters; at most {_LONGEST} are allowed.")
    unreadable = UserError(f"The formula {source!r} cannot be read; write for example '1 - i' or 'o * tanh(c)'.")
    if not _CHARACTERS.fullmatch(source):
        raise unreadable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on its own syntax is not for this user
            tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise unreadable from None
    return _convert(tree, source, 0)


def _convert(node: ast.expr, source: str, depth: int) -> Expr:
    if depth > _DEEPEST:
        raise UserError(f"The formula {source[:40]!r}… has more than {_DEEPEST} operations inside one another.")

    def below(child: ast.expr) -> Expr:
        return _convert(child, source, depth + 1)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool) and number < LARGEST:
            return lift(number)
        case ast.Name(id=label):
            return name(label)
        case ast.Subscript(value=ast.Name(id=label)) if (when := _text(node.slice, source)) in ("t", "t-1"):
            return name(f"{label}[{when}]")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return simplify(-below(operand))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _INFIX:
            return simplify(Expr(_INFIX[type(op)], (below(left), below(right))))
        case ast.Call(func=ast.Name(id=label), args=arguments, keywords=[]):
            if label not in FUNCTIONS:
                raise unknown("function", label, FUNCTIONS)
            if len(arguments) != (wanted := 2 if label == "maximum" else 1):
                raise UserError(f"{label} takes {wanted} argument{'s' * (wanted > 1)} in the formula {source!r}.")
            return simplify(Expr(label, tuple(below(a) for a in arguments)))
    raise UserError(
        f"{_text(node, source)!r} is not allowed in the formula {source!r}; use names, numbers, + - * / and functions."
    )


def _text(node: ast.expr, source: str) -> str:
    """Return what stands for the node in the source, without blanks."""
    return "".join((ast.get_source_segment(source, node) or "").split())
