"""A duration as text."""


def duration(seconds: float) -> str:
    """Return a duration in its two largest units.

    Examples:
        >>> [duration(value) for value in (0.4, 59.6, 125, 7265, 200000)]
        ['0 s', '1 min 0 s', '2 min 5 s', '2 h 1 min', '2 d 7 h']
    """
    whole = max(round(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
