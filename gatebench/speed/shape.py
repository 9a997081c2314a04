"""The sizes of a layer and its input."""

from __future__ import annotations

from dataclasses import dataclass

from gatebench.errors import UserError, out_of_range


@dataclass(frozen=True)
class Shape:
    """The sizes of a layer and its input.

    Attributes:
        T: number of time steps.
        B: number of sequences in the batch.
        I: number of input features.
        H: number of hidden units.

    Raises:
        UserError: a size is less than 1.
    """

    T: int
    B: int
    I: int  # noqa: E741
    H: int

    def __post_init__(self) -> None:
        for name in "TBIH":
            if getattr(self, name) < 1:
                raise out_of_range(f"{name} of a shape", getattr(self, name), "a whole number of at least 1")

    def __str__(self) -> str:
        """Return the sizes as text.

        Examples:
            >>> str(Shape(784, 64, 1, 128))
            '784,64,1,128'
        """
        return f"{self.T},{self.B},{self.I},{self.H}"

    @classmethod
    def of(cls, sizes: object) -> Shape:
        """Return the shape with the sizes of a list [T, B, I, H].

        Raises:
            UserError: `sizes` is not a list of four whole numbers, or a size is less than 1.
        """
        if isinstance(sizes, list) and len(sizes) == 4 and all(type(size) is int for size in sizes):
            return cls(*sizes)
        raise UserError(f"A shape is {sizes}; it must be four whole numbers T, B, I, H, as in shape=[784,64,1,128].")
