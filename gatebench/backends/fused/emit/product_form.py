"""How the C of a cell computes its matrix products."""

from enum import Enum


class ProductForm(Enum):
    """How matrix products are computed.

    All other values have the type of x. `ROUNDED` and `TILES` have the same meaning: both factors of each product are
    rounded to bfloat16, and the sums are float32. They add up the terms in another order.

    Attributes:
        PLAIN: in the type of x.
        ROUNDED: of factors that are rounded to bfloat16 and kept as float32; it runs on every processor.
        TILES: of bfloat16, by the tiles of a processor with AMX.
    """

    PLAIN = "plain"
    ROUNDED = "rounded"
    TILES = "tiles"
