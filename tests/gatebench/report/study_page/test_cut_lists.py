from gatebench.report.study_page.cut_lists import MOST_LISTED, cut_list


def test_a_long_list_ends_with_the_number_of_the_others() -> None:
    items = [str(number) for number in range(MOST_LISTED + 1)]
    assert cut_list(items[:-1]) == ", ".join(items[:-1])
    assert cut_list(items).endswith(f", {MOST_LISTED - 1} and 1 more")
    assert cut_list([]) == ""
