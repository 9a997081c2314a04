import ast
import builtins

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.emit.source import source


def imported(module: ast.Module) -> set[str]:
    statements = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in statements for alias in node.names}


@pytest.mark.parametrize("on_chip", [True, False])
@pytest.mark.parametrize("name", cell_names())
def test_every_name_of_a_kernel_is_assigned_before_it_is_read(name: str, on_chip: bool) -> None:
    module = ast.parse(source(plan(load_cell(name).definitions), on_chip))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions] == ["forward", "backward"]
    for function in functions:
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        known = {argument.arg for argument in function.args.args} | imported(module) | set(dir(builtins))
        first: dict[str, int] = {}
        for node in names:
            if isinstance(node.ctx, ast.Store):
                first[node.id] = min(node.lineno, first.get(node.id, node.lineno))
        for node in names:
            if isinstance(node.ctx, ast.Load) and node.id not in known:
                assert node.id in first, f"{node.id} is never assigned"
                assert first[node.id] <= node.lineno, f"{node.id} is read in line {node.lineno} first"
