"""The colours of cells in MLflow's pages and in figures: the same cell has the same colour in both.

The first eight are those of Okabe and Ito (2008, "Color universal design"), without yellow and black, which are hard
to see on white and as marks of text. They can be told apart with every kind of colour blindness. The others follow
Tol (2021, "Colour schemes", muted). Their lightness differs, so that neighbours can be told apart in grey, too.
"""

from collections.abc import Iterable, Mapping

PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#332288",
    "#999933",
    "#882255",
    "#44AA99",
    "#661100",
    "#6699CC",
    "#AA4466",
    "#117733",
    "#DDCC77",
    "#777777",
)


def colours_of(names: Iterable[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return {name: colour}. Names without a colour get the first ones that are free, in their order.

    After 16 names the colours repeat.

    Args:
        names: the names.
        known: the names that have a colour already. They keep it.

    Examples:
        >>> colours_of(["lstm", "gru", "lstm"])
        {'lstm': '#0072B2', 'gru': '#E69F00'}
        >>> colours_of(["lstm", "mgu"], {"gru": "#0072B2"})
        {'gru': '#0072B2', 'lstm': '#E69F00', 'mgu': '#009E73'}
    """
    colours = dict(known or {})
    for name in names:
        if name not in colours:
            used = set(colours.values())
            free = (colour for colour in PALETTE if colour not in used)
            colours[name] = next(free, PALETTE[len(colours) % len(PALETTE)])
    return colours
