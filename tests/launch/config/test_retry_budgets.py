import pytest

from gatebench.errors import UserError
from launch.config.retry_budgets import RetryBudgets


def test_a_negative_budget_is_no_budget() -> None:
    assert vars(RetryBudgets()) == {"crash": 2, "memory": 1, "error": 0, "preempted": 5}
    with pytest.raises(UserError, match=r"retries\.crash is -1"):
        RetryBudgets(crash=-1)
