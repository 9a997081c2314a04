"""The draws of a search as values of overrides: draw k gives one value to each drawn key."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import get_type_hints

from omegaconf import DictConfig, OmegaConf

from gatebench.errors import UserError, out_of_range
from gatebench.search.distributions import NumberRange
from gatebench.search.samplers import SAMPLERS
from launch.config.overrides import ParsedOverride
from launch.config.search_settings import SearchSettings
from launch.config.solved_sizes import SECTION_TYPES

_SEED = "seed"


def check_number_of_draws(trials: int | None, drawn: Sequence[ParsedOverride]) -> None:
    """Check that there is a number of draws if keys are drawn, and none if nothing is drawn.

    Raises:
        UserError: one of the two is missing, or the number is less than 1.
    """
    if trials is not None and trials < 1:
        raise out_of_range("trials", trials, "a whole number of at least 1, or null if nothing is drawn")
    if drawn and trials is None:
        raise UserError(
            f"{drawn[0].key}={drawn[0].drawn} is drawn, and trials is null; write the number of draws, for example "
            "trials=20."
        )
    if not drawn and trials is not None:
        raise UserError(
            f"trials is {trials}, and nothing is drawn; draw a key, for example "
            "training.learning_rate='tag(log,interval(1e-5,1e-2))', or leave trials out."
        )


def with_draws(
    swept: Sequence[ParsedOverride], trials: int, search: SearchSettings, first_seed: int
) -> list[ParsedOverride]:
    """Return the swept overrides in which the drawn ones have a value for each draw.

    If the seed is not swept, it is appended: draw k has the seed `first_seed` + k.

    Args:
        swept: the overrides.
        trials: the number of draws.
        search: the sampler and the seed of the search.
        first_seed: the seed of draw 0.
    """
    keys = [override.key for override in swept if override.drawn is not None]
    quantiles = SAMPLERS[search.sampler](keys, search.seed, trials)
    result = []
    for override in swept:
        if override.drawn is not None:
            values = (override.drawn.value(quantile) for quantile in quantiles[override.key])
            override = replace(override, values=tuple(values), follows_draws=True)
        result.append(override)
    if all(override.key != _SEED for override in swept):
        result.append(
            ParsedOverride(_SEED, (), False, tuple(first_seed + k for k in range(trials)), follows_draws=True)
        )
    return result


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

    A setting of which no value is allowed depends on other settings, so only the trials themselves can be checked.
    """
    section, _, name = key.partition(".")
    if section not in SECTION_TYPES or name not in {field.name for field in fields(SECTION_TYPES[section])}:
        return
    refusals = []
    values = [distribution.low, distribution.high, *(distribution.value(quantile) for quantile in (0.1, 0.5, 0.9))]
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
