"""The draws of a search as values of overrides: draw k gives one value to each drawn key."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf

from gatebench.errors import UserError, out_of_range
from gatebench.search.adaptive import ADAPTIVE, check_adaptive
from gatebench.search.distributions import Distribution, NumberRange
from gatebench.search.samplers import SAMPLERS
from gatebench.search.stopping import NO_STOP
from launch.config.overrides import ParsedOverride
from launch.config.search_settings import SearchSettings
from launch.config.solved_sizes import SECTION_TYPES

_SEED = "seed"


def check_search(trials: int | None, drawn: Sequence[ParsedOverride], search: SearchSettings) -> None:
    """Check that there is a number of draws if keys are drawn, and that nothing asks for draws if nothing is drawn.

    Args:
        trials: the number of draws.
        drawn: the overrides of the drawn keys.
        search: the settings of the search.

    Raises:
        UserError: there is no number of draws or no drawn key, the number is less than 1, or the sampler cannot draw
            these keys.
    """
    if trials is not None and trials < 1:
        raise out_of_range("trials", trials, "a whole number of at least 1, or null if nothing is drawn")
    if drawn and trials is None:
        raise UserError(
            f"{drawn[0].key}={drawn[0].drawn} is drawn, and trials is null; write the number of draws, for example "
            "trials=20."
        )
    asked = [
        *([("trials", trials)] if trials is not None else []),
        *([("search.sampler", search.sampler)] if search.sampler in ADAPTIVE else []),
        *([("search.stop", search.stop)] if search.stop != NO_STOP else []),
    ]
    if asked and not drawn:
        key, value = asked[0]
        raise UserError(
            f"{key} is {value}, and nothing is drawn; draw a key, for example "
            f"training.learning_rate='tag(log,interval(1e-5,1e-2))', or leave {key} out."
        )
    if search.sampler in ADAPTIVE:
        check_adaptive(search.sampler, {override.key: override.drawn for override in drawn if override.drawn})


class DrawnAxes:
    """The swept overrides, of which the drawn ones get a value for each draw.

    If the seed is not swept, it is appended: draw k has the seed `first_seed` + k.

    Args:
        swept: the overrides.
        first_seed: the seed of draw 0.

    Attributes:
        overrides: the overrides. Those that follow the draws have one value for each call of `add`.
        distributions: {key: its distribution} of the drawn keys.
    """

    def __init__(self, swept: Sequence[ParsedOverride], first_seed: int) -> None:
        self._first_seed, self._rows = first_seed, 0
        self._columns: dict[str, list[Any]] = {}
        self.distributions = {override.key: override.drawn for override in swept if override.drawn is not None}
        self.overrides = [self._following(one) if one.drawn is not None else one for one in swept]
        if all(override.key != _SEED for override in swept):
            self.overrides.append(self._following(ParsedOverride(_SEED, (), False)))

    def add(self, k: int, draw: Mapping[str, Any]) -> int:
        """Add the values of a draw, and return their number among the values of each override.

        Args:
            k: the number of the draw in its arm.
            draw: {key: value} of all drawn keys.
        """
        for key, column in self._columns.items():
            column.append(draw[key] if key in draw else self._first_seed + k)
        self._rows += 1
        return self._rows - 1

    def _following(self, override: ParsedOverride) -> ParsedOverride:
        column = self._columns[override.key] = []
        return replace(override, values=column, follows_draws=True)


def with_draws(
    swept: Sequence[ParsedOverride], trials: int, search: SearchSettings, first_seed: int
) -> list[ParsedOverride]:
    """Return the swept overrides in which the drawn ones have a value for each draw of a sampler that does not learn.

    Args:
        swept: the overrides.
        trials: the number of draws.
        search: the sampler and the seed of the search.
        first_seed: the seed of draw 0.
    """
    axes = DrawnAxes(swept, first_seed)
    for k, draw in enumerate(fixed_draws(search.sampler, axes.distributions, search.seed, trials)):
        axes.add(k, draw)
    return axes.overrides


def fixed_draws(
    sampler: str, distributions: Mapping[str, Distribution], seed: int, trials: int
) -> list[dict[str, Any]]:
    """Return {key: value} of each draw of a sampler that does not learn.

    Args:
        sampler: a key of `gatebench.search.samplers.SAMPLERS`.
        distributions: {key: its distribution}.
        seed: the seed of the search.
        trials: the number of draws.
    """
    quantiles = SAMPLERS[sampler](list(distributions), seed, trials)
    return [{key: one.value(quantiles[key][k]) for key, one in distributions.items()} for k in range(trials)]


def check_types(drawn: Sequence[ParsedOverride], config: DictConfig) -> None:
    """Check that the values of the drawn keys have the types of their keys, and that both bounds are allowed.

    Raises:
        UserError: numbers are drawn for a key with a text, fractions for a key with whole numbers, or a bound is not
            allowed for its key.
    """
    for override in drawn:
        distribution = override.drawn
        if not isinstance(distribution, NumberRange):
            continue
        value = OmegaConf.select(config, override.key, default=None, throw_on_resolution_failure=False)
        kind = _kind(override.key) or type(value)
        if kind in (str, bool):
            shown = "a text" if kind is str else "true or false"
            raise UserError(
                f"{override.key}={distribution} draws numbers, and {override.key} is {shown}; write "
                f"{override.key}='tag(draw,choice(…))' with the values."
            )
        if kind is int and override.key.startswith(("model.", "training.")) and not distribution.whole:
            bounds = f"interval({distribution.low:g}, {distribution.high:g})"
            raise UserError(
                f"{override.key}={distribution} draws fractions, and {override.key} is a whole number; write "
                f"int({bounds})."
            )
        _check_bounds(override.key, distribution)


def _check_bounds(key: str, distribution: NumberRange) -> None:
    """Check the bounds of a setting of the model or the training. Otherwise some numbers of draws would be refused.

    A setting of which no value is allowed depends on other settings, so only the trials themselves can be checked. Its
    default does not count: momentum 0 is allowed with every optimiser.
    """
    section, _, name = key.partition(".")
    defaults = (
        {field.name: field.default for field in fields(SECTION_TYPES[section])} if section in SECTION_TYPES else {}
    )
    if name not in defaults:
        return
    refusals = []
    values = [distribution.low, distribution.high, *(distribution.value(quantile) for quantile in (0.1, 0.5, 0.9))]
    values = [value for value in values if value != defaults[name]]
    for value in values:
        try:
            SECTION_TYPES[section](**{name: value})
        except UserError as refusal:
            refusals.append(refusal)
    if 0 < len(refusals) < len(values):
        raise refusals[0]


def _kind(key: str) -> type | None:
    """Return the type of a setting of the model or the training; None for other keys."""
    section, _, name = key.partition(".")
    return get_type_hints(SECTION_TYPES[section]).get(name) if section in SECTION_TYPES else None
