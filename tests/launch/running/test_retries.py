from launch.config.retry_budgets import RetryBudgets
from launch.running.retries import Retries


def test_each_cause_has_a_budget_of_its_own_and_each_trial_too() -> None:
    retries = Retries(RetryBudgets(crash=1, memory=1, error=0))
    assert retries.allow("a", "crash", "It died.")
    assert not retries.allow("a", "crash", "It died again.")
    assert retries.allow("a", "memory", "It was too large.")
    assert not retries.allow("a", "error", "It raised.")
    assert retries.allow("b", "crash", "It died.")
    assert (retries.number("a"), retries.number("b"), retries.number("c")) == (2, 1, 0)


def test_the_history_tells_all_ends_in_one_sentence() -> None:
    retries = Retries(RetryBudgets())
    assert retries.history("a", "It died.") == "It died."
    retries.allow("a", "crash", "It died.")
    retries.allow("a", "memory", "It was too large.")
    assert retries.history("a", "It raised.") == (
        "It raised (attempt 3; attempt 1: It died; attempt 2: It was too large)."
    )
