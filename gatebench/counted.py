"""Numbers of things in messages."""


def counted(number: int, thing: str) -> str:
    """Return a number with the name of a thing: "1 trial", "2 trials"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
