"""The layers of an architecture that is no cell, with initial weights from a generator."""

import math

import torch
from torch import Generator, nn

from gatebench.derive.architecture_cost import levels
from gatebench.nn.self_attention import SelfAttention
from gatebench.nn.temporal_convolution import NormalisedConvolution, TemporalConvolution
from gatebench.spec.architecture import Architecture


def architecture_layers(
    architecture: Architecture,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    directions: int,
    *,
    steps: int,
    dropout: float,
    generator: Generator,
) -> nn.Module:
    """Return layers that map x (T, B, I) and lengths (B,) or None to (T, B, D · H).

    Args:
        architecture: the architecture.
        input_size: I.
        hidden_size: H.
        num_layers: the number of layers.
        directions: D, 1 or 2.
        steps: the largest number of steps T.
        dropout: the probability of dropout.
        generator: the source of the initial weights. Nothing is drawn from torch's global generator.

    Raises:
        UserError: the output cannot be divided among the heads.
    """
    architecture.check_width(hidden_size, directions)
    options, sizes = architecture.options, (input_size, hidden_size, num_layers, directions)
    with torch.device("meta"):
        layers: nn.Module
        if architecture.kind == "attention":
            layers = SelfAttention(
                *sizes,
                heads=options["heads"],
                feedforward=options["feedforward"],
                positions=options["positions"] != "none",
                dropout=dropout,
            )
        else:
            count = levels(architecture, steps, directions)
            layers = TemporalConvolution(*sizes, kernel=options["kernel"], levels=count, dropout=dropout)
    layers.to_empty(device="cpu")
    _initialise(layers, generator)
    return layers


def _initialise(layers: nn.Module, generator: Generator) -> None:
    """Draw all weights and biases uniformly in ±1/√n, with n the number of inputs; normalisations change nothing."""
    for module in layers.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.Conv1d | NormalisedConvolution):
            weight = module.direction if isinstance(module, NormalisedConvolution) else module.weight
            assert module.bias is not None
            bound = 1 / math.sqrt(weight[0].numel())
            for values in (weight, module.bias):
                nn.init.uniform_(values, -bound, bound, generator=generator)
            if isinstance(module, NormalisedConvolution):
                with torch.no_grad():
                    module.length.copy_(torch.linalg.vector_norm(weight, dim=(1, 2), keepdim=True))
