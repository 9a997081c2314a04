import pytest

from gatebench.errors import UserError
from tasks.blocks.no_head import no_head


def test_the_message_names_the_task() -> None:
    with pytest.raises(UserError, match="The network of the task chess has a body of its own, and no head"):
        no_head(4, 1, task="chess")
