"""The equations of a cell as text: plain text and LaTeX."""

from collections.abc import Callable
from dataclasses import dataclass

from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName
from gatebench.spec.expression import Expr, spell

_LEVEL = {"add": 1, "sub": 1, "neg": 2, "mul": 3, "div": 3, "matmul": 4}  # the precedence of operations
_ATOM = 5  # the precedence of names, numbers and functions, which need no brackets


@dataclass(frozen=True)
class EquationStyle:
    """The notation of one output format.

    Attributes:
        timed: returns the text of a name with a time, "c[t-1]".
        weight: returns the text of a weight, "W.i".
        functions: the text of a function by its name; functions that are not given are written by their name.
        times: the sign of the elementwise product.
        divide: returns the text of a quotient.
        wrap: returns a text in brackets.
    """

    timed: Callable[[DatedName], str]
    weight: Callable[[str], str]
    functions: dict[str, str]
    times: str
    divide: Callable[[str, str], str]
    wrap: Callable[[str], str]


def plain_text(cell: Cell) -> str:
    """Return the equations, one in each line, in the order of computation. Fixed gates come first: "i = 1".

    Examples:
        >>> from gatebench import load_cell
        >>> print(plain_text(load_cell("lstm").fix("i", 1)))
        i = 1
        f[t] = σ(W_f x[t] + b_f + R_f h[t-1])
        g[t] = tanh(W_g x[t] + b_g + R_g h[t-1])
        o[t] = σ(W_o x[t] + b_o + R_o h[t-1])
        c[t] = f[t] ⊙ c[t-1] + g[t]
        h[t] = o[t] ⊙ tanh(c[t])
    """
    fixed = [f"{gate} = {spell(value)}" for gate, value in cell.definitions.constants.items()]
    lines = [f"{n} = {_write(formula, _PLAIN)[0]}" for n, formula in cell.definitions.formulas.items()]
    return "\n".join([*fixed, *lines])


def latex(cell: Cell) -> str:
    """Return the equations as a LaTeX `aligned` block."""
    fixed = [f"{_latex_label(gate)} &= {spell(value)}" for gate, value in cell.definitions.constants.items()]
    lines = [f"{_latex_time(n)} &= {_write(formula, _LATEX)[0]}" for n, formula in cell.definitions.formulas.items()]
    return "\\begin{aligned}\n" + " \\\\\n".join([*fixed, *lines]) + "\n\\end{aligned}"


def _write(node: Expr, style: EquationStyle) -> tuple[str, int]:
    """Return the text of a formula and the precedence of its outermost operation."""
    level = _LEVEL.get(node.op, _ATOM)

    def part(operand: Expr, least: int) -> str:
        """Return the text of an operand, in brackets if its precedence is below `least`."""
        text, precedence = _write(operand, style)
        return text if precedence >= least else style.wrap(text)

    match node.op:
        case "const":
            return spell(node.args[0]), _ATOM if node.args[0] >= 0 else _LEVEL["neg"]
        case "name":
            return style.timed(node.args[0]), _ATOM
        case "param":
            return style.weight(node.args[0]), _ATOM
        case "matmul":
            return f"{style.weight(node.args[0])} {part(node.args[1], _ATOM)}", level
        case "neg":
            return f"-{part(node.args[0], 3)}", level
        case "div":
            return style.divide(part(node.args[0], 3), part(node.args[1], 4)), level
    if node.op in ("add", "sub", "mul"):
        left, right = node.operands
        sign = {"add": "+", "sub": "-", "mul": style.times}[node.op]
        least = 3 if node.op != "mul" and _signed(right) else level + (node.op == "sub")
        return f"{part(left, level)} {sign} {part(right, least)}", level
    arguments = ", ".join(_write(o, style)[0] for o in node.operands)
    return f"{style.functions.get(node.op, node.op)}{style.wrap(arguments)}", _ATOM


def _signed(node: Expr) -> bool:
    """Return whether the text of a node starts with a minus sign."""
    return node.op == "neg" or (node.value or 0) < 0


def _latex_label(label: str) -> str:
    return label if len(label) == 1 else f"\\mathrm{{{label}}}".replace("_", "\\_")


def _latex_time(dated: DatedName) -> str:
    when = "t-1" if dated.is_previous else "t"
    return f"{_latex_label(dated.label)}_{{{when}}}"


def _latex_weight(weight: str) -> str:
    letter, *gates = weight.split(".")
    return f"{letter}_{{{' '.join(_latex_label(g) for g in gates)}}}"


_PLAIN = EquationStyle(
    timed=str,
    weight=lambda weight: weight.replace(".", "_"),
    functions={"sigmoid": "σ", "maximum": "max", "log_sigmoid": "log σ"},
    times="⊙",
    divide=lambda a, b: f"{a} / {b}",
    wrap=lambda text: f"({text})",
)

_LATEX = EquationStyle(
    timed=_latex_time,
    weight=_latex_weight,
    functions={
        "sigmoid": "\\sigma",
        "tanh": "\\tanh",
        "relu": "\\operatorname{relu}",
        "hard_sigmoid": "\\operatorname{hardsigmoid}",
        "exp": "\\exp",
        "log": "\\log",
        "maximum": "\\max",
        "log_sigmoid": "\\log\\sigma",
    },
    times="\\odot",
    divide=lambda a, b: f"{a} / {b}",
    wrap=lambda text: f"\\left({text}\\right)",
)
