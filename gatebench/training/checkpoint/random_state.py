"""The states of the random generators that a training step may draw from."""

from collections.abc import Iterator, Mapping

import torch
from torch import Generator, Tensor, nn

from gatebench.training.checkpoint.content import damaged

_CPU, _CUDA = "random/torch", "random/cuda"


def random_states(module: nn.Module) -> dict[str, Tensor]:
    """Return the states by name: of torch's global generators, and of all generators that submodules hold.

    The state of the global generator of CUDA is included if the module is on a CUDA device.

    Args:
        module: the module that is trained.
    """
    states = {f"random/{name}": generator.get_state() for name, generator in _generators(module)}
    states[_CPU] = torch.get_rng_state()
    if (device := _cuda_device(module)) is not None:
        states[_CUDA] = torch.cuda.get_rng_state(device)
    return states


def check_random_states(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Check that `set_random_states` can set the states.

    Raises:
        UserError: a state is missing, or is not that of a generator.
    """
    for name in (_CPU, *(f"random/{name}" for name, _ in _generators(module))):
        try:
            Generator().set_state(tensors[name])
        except (KeyError, RuntimeError, TypeError):
            raise damaged(f"the tensor {name!r} is missing, or is not the state of a generator") from None


def set_random_states(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Set the states of `random_states`.

    A checkpoint from a CPU has no state of CUDA; then the generator of CUDA keeps its state.
    """
    for name, generator in _generators(module):
        generator.set_state(tensors[f"random/{name}"])
    torch.set_rng_state(tensors[_CPU])
    if (device := _cuda_device(module)) is not None and _CUDA in tensors:
        torch.cuda.set_rng_state(tensors[_CUDA], device)


def _generators(module: nn.Module) -> Iterator[tuple[str, Generator]]:
    """Yield the generators that are attributes of a submodule, with their names: "network.encoder.generator"."""
    for path, submodule in module.named_modules():
        for attribute, value in vars(submodule).items():
            if isinstance(value, Generator):
                yield f"{path}.{attribute}", value


def _cuda_device(module: nn.Module) -> torch.device | None:
    device = next(module.parameters()).device
    return device if device.type == "cuda" else None
