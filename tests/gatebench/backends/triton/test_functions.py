import pytest

from gatebench.backends.triton.device import is_installed
from gatebench.backends.triton.emit.expressions import CALLS

pytestmark = pytest.mark.skipif(not is_installed(), reason="triton is not installed")


def test_every_operation_has_a_function() -> None:
    """Their values are compared with torch's in the interpreter; see `interpreted`."""
    from gatebench.backends.triton import functions

    own = [name for name in CALLS.values() if not name.startswith("tl.")]
    assert all(hasattr(functions, name) for name in own)
    assert not functions.INTERPRETED.value
