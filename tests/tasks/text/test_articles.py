from operator import call
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.text.articles import make_article, own_digest, own_files, read_own, read_published, text_key
from tests.tasks.text.small_articles import write_small_archive


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        kind, _, file = name.partition("_")
        path = root / kind / f"{file}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_an_archive_has_articles_with_their_summaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_archive(tmp_path, monkeypatch)
    articles = [make() for make in read_published(tmp_path)]
    assert len(articles) == 60
    assert [articles[0].name, articles[-1].name] == ["business/001.txt", "sport/058.txt"]
    assert next(one for one in articles if one.name == "sport/000.txt").title == "Title £0"
    first = articles[0]
    assert first.topic == "business"
    assert all(sentence in first.summary for sentence in first.sentences if sentence.startswith("Breaking"))
    monkeypatch.setattr("tasks.text.articles.SHA256", "0" * 64)
    with pytest.raises(UserError, match="is not the published file"):
        read_published(tmp_path)


def test_a_folder_has_them_too(tmp_path: Path) -> None:
    write(tmp_path, articles_b="Two. Three.", summaries_b="Two.", articles_a="One.\n", summaries_a="One.")
    (tmp_path / "articles" / "x").mkdir()
    (tmp_path / "articles" / ".hidden.txt").write_text("")
    articles = [make() for make in read_own(str(tmp_path), has_title=False)]
    assert [(one.name, one.topic, one.sentences) for one in articles] == [
        ("a.txt", "", ("One.",)),
        ("b.txt", "", ("Two.", "Three.")),
    ]
    before = own_digest(str(tmp_path))
    write(tmp_path, summaries_b="Three.")
    assert own_digest(str(tmp_path)) != before


def test_equal_words_are_equal_texts() -> None:
    one, other, third = (
        make_article("a", text, "x", has_title=False, place="here") for text in ("One two.", "one,\ntwo", "two one")
    )
    assert text_key(one) == text_key(other) != text_key(third)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"articles_a": "One."}, "has no folder summaries; task.path must name a folder with the folders"),
        (
            {"articles_a": "One.", "summaries_b": "Two."},
            r"a\.txt has no summary: there is no a\.txt in the other folder",
        ),
        (
            {"articles_a": "One.", "summaries_a": "One.", "summaries_b": "Two."},
            r"b\.txt has no article: there is no b\.txt in the other folder",
        ),
        ({"articles_a": "", "summaries_a": "One."}, r"articles.a\.txt is empty"),
        ({"articles_a": "Only a title.", "summaries_a": "One."}, r"a\.txt has no sentence after its first line"),
        ({"articles_a": "Title\nOne.", "summaries_a": "…"}, r"summary of the article a\.txt in .* has no word"),
    ],
)
def test_bad_folders_are_told(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    write(tmp_path, **texts)
    with pytest.raises(UserError, match=message):
        list(map(call, read_own(str(tmp_path), has_title=True)))


def test_other_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="There is no folder"):
        own_files(str(tmp_path / "nothing"))
    for kind in ("News Articles", "Summaries"):
        (tmp_path / kind).mkdir()
    with pytest.raises(UserError, match=r"News Articles has no file whose name ends in \.txt"):
        own_files(str(tmp_path))
    (tmp_path / "News Articles" / "a.txt").symlink_to(__file__)
    with pytest.raises(UserError, match=r"a\.txt is a link out of"):
        own_files(str(tmp_path))
    (tmp_path / "News Articles" / "a.txt").unlink()
    (tmp_path / "News Articles" / "a.txt").write_bytes(b"One\nTw\xff")
    (tmp_path / "Summaries" / "a.txt").write_bytes(b"One")
    with pytest.raises(UserError, match=r"a\.txt, line 2, is not UTF-8"):
        read_own(str(tmp_path), has_title=True)
