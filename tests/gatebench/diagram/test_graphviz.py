import re

import pytest

from gatebench import Cell, Gate, cell_names
from gatebench.diagram.diagram import diagram
from gatebench.diagram.graphviz import dot
from gatebench.diagram.svg import GREY
from tests.gatebench.diagram.test_diagram import drawn

STRING = r'"(?:[^"\\\n]|\\.)*"'
ATTRIBUTES = rf"\[\w+={STRING}(?:, \w+={STRING})*\]"
STATEMENT = re.compile(rf"  {STRING}(?: -> {STRING})? {ATTRIBUTES};")


@pytest.mark.parametrize("name", cell_names())
def test_every_line_is_a_statement_with_quoted_names(name: str) -> None:
    picture = drawn(name)
    first, *lines, last = dot(picture).splitlines()
    assert (first, last) == (f'digraph "{name}" {{', "}")
    assert all(STATEMENT.fullmatch(line) for line in lines[2:])
    assert len(lines) == 2 + len(picture.nodes) + len(picture.edges)
    gone = any(n.ablated for n in picture.nodes.values()) or any(e.ablated for e in picture.edges)
    assert (GREY in dot(picture)) == gone


def test_quotes_and_backslashes_are_escaped() -> None:
    odd = diagram(Cell('a"\\', "", ("h",), {"n": Gate("tanh")}, lambda h, n: (n,)))
    assert dot(odd).startswith('digraph "a\\"\\\\" {')
