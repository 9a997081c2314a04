"""Symbols as vectors."""

import torch
from torch import Tensor, nn


class OneHot(nn.Module):
    """Gives each of so many symbols an input of its own, which is 1 where the symbol is and else 0."""

    eye: Tensor

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.register_buffer("eye", torch.eye(symbols), persistent=False)

    def forward(self, symbols: Tensor) -> Tensor:
        """Return (T, B, symbols) floats of the whole numbers (T, B)."""
        return self.eye[symbols.long()]
