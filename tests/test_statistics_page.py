"""The page of the statistics against its simulations: the form of all tables, and some of their numbers."""

import re
from pathlib import Path

import pytest

from tests import statistics_page
from tests.statistics_page import (
    ARMS,
    CASES,
    PAGE,
    SEEDS,
    TABLES,
    best_errors,
    errors,
    power,
    simulated_table,
    with_table,
)

TEXT = PAGE.read_text(encoding="utf-8")


def table_on_page(name: str) -> list[list[str]]:
    """Return the cells of a table of the page, with its head and without its rule."""
    found = re.search(f"<!-- {name}: simulated -->(.*?)<!-- /{name} -->", TEXT, re.DOTALL)
    assert found, name
    lines = found.group(1).strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:1] + lines[2:]]


def row_on_page(name: str, arms: int, n: int) -> list[float]:
    return next([float(cell) for cell in row[2:]] for row in table_on_page(name) if row[:2] == [str(arms), str(n)])


@pytest.mark.parametrize("name", TABLES)
def test_each_table_stands_below_its_command(name: str) -> None:
    assert f"`python -m tests.statistics_page {name}`\n\n<!-- {name}: simulated -->" in TEXT


def test_the_table_of_seeds_is_the_computed_one() -> None:
    assert with_table(TEXT, "seeds", TABLES["seeds"]()) == TEXT


@pytest.mark.parametrize("name", [name for name in TABLES if name != "seeds"])
def test_a_table_has_the_form_of_the_simulated_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few simulated tables."""
    for count in ("COUNT", "BEST_COUNT"):
        monkeypatch.setattr(statistics_page, count, 2)
    monkeypatch.setattr(
        statistics_page, "simulated_table", lambda columns, row, **_: simulated_table(columns, row, (6,), (5,))
    )
    head = table_on_page(name)[0]
    assert TABLES[name]().splitlines()[0] == "| " + " | ".join(head) + " |"
    keys = [row[:2] for row in table_on_page(name)[1:]]
    seeds = SEEDS if name in ("errors", "power", "best-errors") else SEEDS[1:]
    assert keys == [[str(arms), str(n)] for arms in ARMS for n in seeds]


def test_numbers_of_the_page_are_simulated_again() -> None:
    """In percent; a tie that rounding breaks may move one of 4,000 tables."""
    assert [100 * value for value in errors(6, 5)] == pytest.approx(row_on_page("errors", 6, 5), abs=0.11)
    assert [100 * value for value in power(6, 8)] == pytest.approx(row_on_page("power", 6, 8), abs=0.11)


@pytest.mark.slow
def test_numbers_of_the_best_set_are_simulated_again() -> None:
    assert [100 * value for value in best_errors(6, 5)] == pytest.approx(row_on_page("best-errors", 6, 5), abs=0.11)


@pytest.mark.parametrize(("name", "limit"), [("errors", 6.05), ("best-errors", 7.1)])
def test_the_errors_are_at_most_5_percent_within_three_standard_errors(name: str, limit: float) -> None:
    numbers = [float(cell) for row in table_on_page(name)[1:] for cell in row[2:-1]]
    assert len(numbers) == 12 * len(CASES)
    assert max(numbers) <= limit


def test_the_power_is_larger_than_that_of_the_old_test() -> None:
    for row in table_on_page("power")[1:]:
        numbers = [float(cell) for cell in row[2:]]
        assert all(new >= old - 1 for new, old in zip(numbers[::2], numbers[1::2], strict=True))
    new, old = row_on_page("power", 6, 8)[:2]
    assert new > old + 20


def test_a_page_without_its_comments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"statistics\.md must have <!-- seeds: simulated -->"):
        with_table("# Statistics", "seeds", "")


def test_the_command_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "statistics.md"
    page.write_text(TEXT.replace("| seeds, paired |", "| old |"), encoding="utf-8")
    monkeypatch.setattr(statistics_page, "PAGE", page)
    statistics_page.main(["seeds"])
    assert "| seeds, unpaired | 4 |" in capsys.readouterr().out
    assert "| old |" in page.read_text(encoding="utf-8")
    statistics_page.main(["seeds", "--write"])
    assert page.read_text(encoding="utf-8") == TEXT
