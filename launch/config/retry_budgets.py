"""The budgets of the retries of a trial in a sweep."""

from dataclasses import dataclass

from gatebench.errors import out_of_range


@dataclass
class RetryBudgets:
    """The largest number of retries of a trial, by the cause of its early end.

    Attributes:
        crash: its process or its machine died.
        memory: the machine ran out of memory.
        error: the trial raised an exception.
        preempted: its process received SIGTERM, for example because a spot instance was taken away.

    Raises:
        UserError: a number is negative.
    """

    crash: int = 2
    memory: int = 1
    error: int = 0
    preempted: int = 5

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            if number < 0:
                raise out_of_range(f"retries.{name}", number, "a whole number of at least 0")
