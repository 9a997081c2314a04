"""The constants that Python and C share."""

from gatebench.backends.fused.emit.constants import ACCUMULATORS, ERRORS, OUTER_UNITS, ROW_BLOCKS, constants_text


def test_a_block_can_take_what_is_left() -> None:
    assert list(ROW_BLOCKS) == sorted(ROW_BLOCKS, reverse=True)
    assert ROW_BLOCKS[-1] == 1
    assert ROW_BLOCKS[0] == max(ACCUMULATORS.values())


def test_every_constant_is_defined_once() -> None:
    names = [line.split()[1] for line in constants_text().splitlines() if line.startswith("#define")]
    assert len(names) == len(set(names))
    assert "#define WIDEST 4\n" in constants_text()


def test_there_is_code_for_each_number_of_units() -> None:
    for registers, units in OUTER_UNITS.items():
        (line,) = [line for line in constants_text().splitlines() if f"OUTER_CASES_{registers}(" in line]
        assert line.count(" CASE(") == units


def test_error_codes_differ_and_none_is_zero() -> None:
    codes = [error.code for error in ERRORS.values()]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes
