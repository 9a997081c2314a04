from tasks.text.word_table import WordTable, translated


def test_each_word_becomes_the_one_that_occurs_with_it() -> None:
    pairs = [("a man", "ein mann"), ("a tree", "ein baum"), ("man runs", "mann läuft")]
    table = WordTable(pairs)
    assert translated(table, ["a man runs", "old tree"]) == ["ein mann läuft", "old baum"]
