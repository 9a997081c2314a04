"""`fused` with products of rounded factors in each form that this machine has."""

from __future__ import annotations

import pytest

from gatebench.backends import fused
from gatebench.backends.contract import Backend
from gatebench.backends.fused.compiled_cell import rounded_form
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.machine.amx import has_tiles

FORMS = [
    ProductForm.ROUNDED,
    pytest.param(ProductForm.TILES, marks=pytest.mark.skipif(not has_tiles(), reason="this machine has no AMX")),
]
"""The forms with rounded factors, as parameters of a test."""

FORM_OF_THIS_MACHINE = [
    rounded_form(),
    *([pytest.param(ProductForm.ROUNDED, marks=pytest.mark.slow)] if has_tiles() else []),
]
"""The same, for tests that compile every cell. A form that this machine does not use is slow."""


def rounded_backend(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Return `fused` with products of rounded factors in a form."""
    monkeypatch.setattr(fused, "rounded_form", lambda: form)
    return fused.RoundedProducts()  # type: ignore[return-value]
