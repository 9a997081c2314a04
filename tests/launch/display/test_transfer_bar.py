import io

from rich.console import Console

from launch.display.transfer_bar import Transfer


def shown(*news: tuple[str, int, int], terminal: bool) -> str:
    screen = io.StringIO()
    with Transfer(Console(file=screen, force_terminal=terminal, width=120, highlight=False)) as transfer:
        for one in news:
            transfer.show(*one)
    return screen.getvalue()


def test_a_terminal_shows_what_is_done_and_how_far() -> None:
    text = shown(("fetching a.csv", 0, 0), ("fetching a.csv", 500_000, 1_000_000), terminal=True)
    assert "fetching a.csv" in text
    assert "0.5/1.0 MB" in text


def test_one_thing_at_a_time() -> None:
    text = shown(("fetching [a].csv", 7, 7), ("checking b.csv", 1, 2), terminal=True)
    last = text[text.rindex("checking b.csv") :]
    assert "[a]" not in last


def test_elsewhere_only_waiting_is_said() -> None:
    waiting = ("waiting for another fetch of mnist", 0, 0)
    text = shown(waiting, waiting, ("fetching a.csv", 1, 2), terminal=False)
    assert text == "waiting for another fetch of mnist\n"
