"""The costs of an architecture that is no cell: number of parameters, FLOPs, and the levels of a convolution.

In all functions, I is the input size, H the hidden size and D the number of directions. The output size is d = D · H.
"""

from itertools import count

from gatebench.spec.architecture import Architecture


def levels(architecture: Architecture, steps: int, directions: int = 1) -> int:
    """Return the number of levels of a temporal convolution.

    n levels with a kernel of k see 2 (k − 1) (2ⁿ − 1) earlier steps, and with two directions half of them on either
    side. Without the option, it is the smallest n with which the last step sees all steps.

    Args:
        architecture: a temporal convolution.
        steps: the largest number of steps T.
        directions: D, 1 or 2.

    Examples:
        >>> tcn = Architecture("tcn", "tcn", "", {"kernel": 3})
        >>> [levels(tcn, steps) for steps in (1, 5, 6, 784)]
        [1, 1, 2, 8]
    """
    given = architecture.options["levels"]
    if given is not None:
        return int(given)
    reach = 2 // directions * (int(architecture.options["kernel"]) - 1)
    return next(n for n in count(1) if reach * (2**n - 1) >= steps - 1)


def architecture_parameters(
    architecture: Architecture, inputs: int, hidden_size: int, num_layers: int, directions: int, steps: int
) -> int:
    """Return the number of parameters of all layers.

    Args:
        architecture: the architecture.
        inputs: I, the input size of the first layer.
        hidden_size: H.
        num_layers: the number of layers.
        directions: D, 1 or 2.
        steps: the largest number of steps T.
    """
    d = directions * hidden_size
    if architecture.kind == "attention":
        feedforward = int(architecture.options["feedforward"]) * d
        norms, products = 4 * d, 4 * d * d + 4 * d
        layer = norms + products + 2 * d * feedforward + feedforward + d
        return inputs * d + d + num_layers * layer + 2 * d
    kernel, blocks = int(architecture.options["kernel"]), num_layers * levels(architecture, steps, directions)
    widths = [inputs, *[d] * (blocks - 1)]
    convolutions = sum(kernel * d * (width + d) + 4 * d for width in widths)
    return convolutions + (inputs * d + d if inputs != d else 0)


def architecture_flops(
    architecture: Architecture, inputs: int, hidden_size: int, num_layers: int, directions: int, steps: int
) -> int:
    """Return the FLOPs of the products of one time step of one sequence of T steps, forward.

    A multiply-add counts as 2 FLOPs. Each step of self-attention reads T steps, or half of them on average if it reads
    only earlier ones.

    Args:
        architecture: the architecture.
        inputs: I, the input size of the first layer.
        hidden_size: H.
        num_layers: the number of layers.
        directions: D, 1 or 2.
        steps: the number of steps T.
    """
    d = directions * hidden_size
    if architecture.kind == "attention":
        read = steps if directions == 2 else (steps + 1) // 2
        layer = 2 * (4 * d * d + 2 * int(architecture.options["feedforward"]) * d * d) + 4 * read * d
        return 2 * inputs * d + num_layers * layer
    kernel, blocks = int(architecture.options["kernel"]), num_layers * levels(architecture, steps, directions)
    widths = [inputs, *[d] * (blocks - 1)]
    return sum(2 * kernel * d * (width + d) for width in widths) + (2 * inputs * d if inputs != d else 0)
