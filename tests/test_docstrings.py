"""The examples in the docstrings of all modules are run."""

import doctest
from importlib import import_module

import pytest

from tests.test_layout import MODULES

WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed, "the output above names the examples"


def test_examples_have_a_section() -> None:
    """In a section `Examples:` they are code in the API reference; elsewhere they are quotations."""
    for name in WITH_EXAMPLES:
        for test in doctest.DocTestFinder().find(import_module(name)):
            assert not test.examples or "Examples:\n" in (test.docstring or ""), test.name
