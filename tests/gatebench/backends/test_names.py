from pathlib import Path

import pytest

from gatebench.backends.names import AUTO, BACKEND_NAMES, backend_names
from gatebench.errors import UserError
from gatebench.packages import BACKENDS
from gatebench.training_settings import Training
from tests.package import BACKEND, install


@pytest.mark.parametrize("name", ["fused", "auto", "torch"])
def test_a_backend_of_a_package_has_no_name_of_gatebench(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"acme_{name}", {f"{BACKENDS}/{name}": "acme.loop"}, {"loop.py": BACKEND})
    with pytest.raises(UserError, match=f"acme_{name} offers a backend '{name}', which is a name of gatebench"):
        backend_names()


def test_a_name_is_allowed_while_its_package_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend_names() == BACKEND_NAMES
    assert AUTO not in backend_names()
    with pytest.raises(UserError, match=r"There is no training\.backend 'acme_loop'"):
        Training(backend="acme_loop")
    install(tmp_path, monkeypatch, "acme", {f"{BACKENDS}/acme_loop": "acme.loop"}, {"loop.py": BACKEND})
    assert backend_names() == (*BACKEND_NAMES, "acme_loop")
    assert Training(backend="acme_loop").backend == "acme_loop"
