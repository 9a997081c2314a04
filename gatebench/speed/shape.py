"""The sizes of a layer's work."""

from __future__ import annotations

from dataclasses import dataclass

from gatebench.errors import UserError, out_of_range


@dataclass(frozen=True)
class Shape:
    """T time, B batch, I input, H hidden.

    Raises:
        UserError: one of them is less than 1.
    """

    T: int
    B: int
    I: int  # noqa: E741
    H: int

    def __post_init__(self) -> None:
        for label in "TBIH":
            if getattr(self, label) < 1:
                raise out_of_range(f"{label} of a shape", getattr(self, label), "a whole number of at least 1")

    def __str__(self) -> str:
        return f"{self.T},{self.B},{self.I},{self.H}"

    @classmethod
    def of(cls, sizes: object) -> Shape:
        """Return the shape that a list of T, B, I, H describes; raise `UserError` for anything else."""
        if isinstance(sizes, list) and len(sizes) == 4 and all(type(size) is int for size in sizes):
            return cls(*sizes)
        raise UserError(f"A shape is {sizes}; it must be four whole numbers T, B, I, H, as in shape=[784,64,1,128].")
