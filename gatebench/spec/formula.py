"""The parser for formulas in configs, such as `tie: "1 - i"`. It reads the text and never evaluates it."""

import ast
import re
import warnings

from gatebench.errors import UserError, unknown
from gatebench.spec.expression import FUNCTIONS, LARGEST, Expr, lift, name, simplify

_INFIX = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_DEEPEST = 40  # nested operations; limits the recursion of `_convert`
_LONGEST = 1000  # characters; limits the work of `ast.parse`
_CHARACTERS = re.compile(r"[A-Za-z0-9_\s+\-*/(),.\[\]]*", re.ASCII)


def parse(text: str | float) -> Expr:
    """Return a formula as a tree.

    A formula has names, names with a time (c[t], c[t-1]), numbers, + - * /, brackets, and the functions of
    `gatebench.spec.expression.FUNCTIONS`. A name without a time stays without one.

    Raises:
        UserError: the text is not such a formula.

    Examples:
        >>> parse("1 - i") == 1 - name("i")
        True
    """
    source = str(text).strip()
    if len(source) > _LONGEST:
        raise UserError(f"The formula {source[:40]!r}… has {len(source)} characters; at most {_LONGEST} are allowed.")
    unreadable = UserError(f"The formula {source!r} cannot be read; write for example '1 - i' or 'o * tanh(c)'.")
    if not _CHARACTERS.fullmatch(source):
        raise unreadable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of strange syntax such as `0or 1`; the error below says more
            tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise unreadable from None
    return _convert(tree, source, 0)


def _convert(node: ast.expr, source: str, depth: int) -> Expr:
    """Return the tree of a parsed formula; `depth` is the number of operations around the node."""
    if depth > _DEEPEST:
        raise UserError(f"The formula {source[:40]!r}… has more than {_DEEPEST} nested operations.")

    def convert(child: ast.expr) -> Expr:
        return _convert(child, source, depth + 1)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool) and number < LARGEST:
            return lift(number)
        case ast.Name(id=label):
            return name(label)
        case ast.Subscript(value=ast.Name(id=label)) if (when := _text(node.slice, source)) in ("t", "t-1"):
            return name(f"{label}[{when}]")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return simplify(-convert(operand))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _INFIX:
            return simplify(Expr(_INFIX[type(op)], (convert(left), convert(right))))
        case ast.Call(func=ast.Name(id=label), args=arguments, keywords=[]):
            if label not in FUNCTIONS:
                raise unknown("function", label, FUNCTIONS)
            if len(arguments) != (arity := 2 if label == "maximum" else 1):
                raise UserError(f"{label} takes {arity} argument{'s' * (arity > 1)} in the formula {source!r}.")
            return simplify(Expr(label, tuple(convert(argument) for argument in arguments)))
    raise UserError(
        f"{_text(node, source)!r} is not allowed in the formula {source!r}; use names, numbers, + - * / and functions."
    )


def _text(node: ast.expr, source: str) -> str:
    """Return the text of a node in the source, without spaces."""
    return "".join((ast.get_source_segment(source, node) or "").split())
