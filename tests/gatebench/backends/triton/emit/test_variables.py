import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.emit.variables import pointer, variable, weight_variable


def test_a_value_is_named_as_in_the_equations() -> None:
    assert [variable(n) for n in ("c[t]", "c[t-1]", "a/c[t+1]", "d/R.i[t]")] == [
        "c_t",
        "c_before",
        "a_c_after",
        "d_R_i_t",
    ]
    assert (weight_variable("R.f.o"), pointer("p.i")) == ("R_f_o", "weight_p_i")


def test_underscores_of_a_user_lead_to_no_clash() -> None:
    assert weight_variable("R.f_o") != weight_variable("R.f.o")
    assert variable("d_c[t]") != variable("d/c[t]")


@pytest.mark.parametrize("name", cell_names())
def test_no_two_values_of_a_cell_have_one_variable(name: str) -> None:
    planned = plan(load_cell(name).definitions)
    values = {*planned.layout.places, *planned.forward, *planned.backward}
    variables = [*map(variable, values), *map(weight_variable, planned.layout.shapes)]
    assert len(set(variables)) == len(variables)
    assert all(each.isidentifier() for each in variables)
