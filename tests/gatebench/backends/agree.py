"""Compares a backend with the reference: outputs, final states, gates and all gradients of one layer."""

from types import ModuleType

import torch
from torch import Tensor

from gatebench import Cell
from gatebench.backends import reference
from gatebench.backends.contract import Backend
from gatebench.derive.cost import shapes

Drawn = tuple[dict[str, Tensor], Tensor, tuple[Tensor, ...]]


def draw(cell: Cell, T: int, B: int, I: int, H: int, seed: int = 0) -> Drawn:  # noqa: E741
    """Return seeded float64 weights, x (T, B, I) and a positive initial state: a normaliser must not be 0."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    wide = H if cell.definitions.square else I
    weights = {n: normal(*s) / (2 * s[-1] ** 0.5) for n, s in shapes(cell, wide, H).items()}
    return weights, normal(T, B, wide), tuple(normal(B, H).abs() / 2 + 0.1 for _ in cell.memory)


def results(
    backend: Backend | ModuleType,
    cell: Cell,
    drawn: Drawn,
    dtype: torch.dtype,
    lengths: Tensor | None = None,
    trace: bool = True,
) -> dict[str, Tensor]:
    """Return all results and gradients of a backend by name; gates are 0 after the end of a sequence."""
    weights = {n: w.to(dtype).requires_grad_() for n, w in drawn[0].items()}
    x, state = drawn[1].to(dtype).requires_grad_(), tuple(s.to(dtype).requires_grad_() for s in drawn[2])
    run = backend.run(cell, weights, x, state, lengths, trace)
    values = {"output": run.output} | {f"final {m}": s for m, s in zip(cell.memory, run.state, strict=True)}
    generator = torch.Generator().manual_seed(9)
    loss = sum(
        (v * torch.randn(v.shape, generator=generator, dtype=torch.float64).to(dtype)).sum() for v in values.values()
    )
    sources = {"x": x} | {f"initial {m}": s for m, s in zip(cell.memory, state, strict=True)} | weights
    gradients = torch.autograd.grad(loss, list(sources.values()), allow_unused=True)  # type: ignore[arg-type]
    alive = torch.ones(()) if lengths is None else (torch.arange(len(x))[:, None] < lengths)[..., None]
    values |= {f"gate {g}": torch.where(alive.bool(), v, 0.0) for g, v in run.gates.items()}
    for name, gradient in zip(sources, gradients, strict=True):
        values[f"gradient of {name}"] = torch.zeros_like(sources[name]) if gradient is None else gradient
    return {n: v.detach().double() for n, v in values.items()}


def assert_agreement(
    backend: Backend | ModuleType,
    cell: Cell,
    shape: tuple[int, int, int, int],
    dtype: torch.dtype,
    tolerance: float,
    lengths: list[int] | None = None,
) -> None:
    """Assert that results differ from the float64 reference by at most `tolerance` times each tensor's maximum."""
    drawn, ends = draw(cell, *shape), None if lengths is None else torch.tensor(lengths)
    if ends is not None:
        drawn[1][torch.arange(shape[0])[:, None] >= ends] = 0.0
    wanted = results(reference, cell, drawn, torch.float64, ends)
    found = results(backend, cell, drawn, dtype, ends)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        scale = float(value.abs().max())
        error = float((found[name] - value).abs().max()) if value.numel() else 0.0
        assert error <= tolerance * max(scale, 1e-30), (
            f"{cell.name}: {name} is off by {error:.1e}, of {scale:.1e} at most"
        )
