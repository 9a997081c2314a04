"""Articles with their summaries: those of BBC News Summary, or a folder of the user in the same layout."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile, folder_digest, is_inside
from tasks.data.files import find_file, read_file, read_verified, report_read_errors
from tasks.data.own_file import own_folder, own_text
from tasks.data.tarballs import iterate_members
from tasks.text.sentences import rouge_words, split_sentences

SOURCE_URL = "http://mlg.ucd.ie/datasets/bbc.html"
FOLDERS = ("bbc_news_summary", "bbc")
ARCHIVE = "bbc_news_summary.tar.xz"
SHA256 = "d3707a9070823ccc615065e75d8c8349bd1d81ad97ee71eab5945d3b0461d128"
ARTICLES = 2225

NAMES = {
    **dict.fromkeys(("articles", "news articles"), "articles"),
    **dict.fromkeys(("summaries", "summary"), "summaries"),
}
"""{name of a folder in lower case: what it holds}"""

WANTED = "a folder with the folders articles and summaries"
SUFFIX = ".txt"


@dataclass(frozen=True)
class Article:
    """An article with its summary.

    Attributes:
        name: the name of its file below the folder of the articles, with "/" between the parts.
        title: the first line; "" if the text has no title.
        sentences: the sentences without the title, at least one.
        summary: the summary.
    """

    name: str
    title: str
    sentences: tuple[str, ...]
    summary: str

    @property
    def topic(self) -> str:
        """The folder of the article; "" if it is in none."""
        return self.name.rpartition("/")[0]


MakeArticle = Callable[[], Article]


def find_published(root: Path) -> Path:
    """Return the path of the archive below the data root.

    Raises:
        MissingFile: there is none.
    """
    return find_file(root, FOLDERS, (ARCHIVE,), SOURCE_URL, dataset="bbc_news_summary")


def read_published(root: Path) -> list[MakeArticle]:
    """Return a function for each article of BBC News Summary, in the order of their names, that returns it.

    One of the files is not UTF-8, but Windows-1252.

    Raises:
        MissingFile: the archive is not below the data root.
        UserError: it is not the published one.
    """
    path = find_published(root)
    data = read_verified(path, SHA256, SOURCE_URL)
    files = {name: content() for name, content in iterate_members(io.BytesIO(data), path, _member_name)}
    texts = {name: _decoded(content) for name, content in files.items()}
    names = sorted(name.removeprefix("articles/") for name in texts if name.startswith("articles/"))
    return [
        partial(
            make_article, name, texts[f"articles/{name}"], texts[f"summaries/{name}"], has_title=True, place=str(path)
        )
        for name in names
    ]


def read_own(path: str, *, has_title: bool) -> list[MakeArticle]:
    """Return a function for each article in a folder of the user, in the order of their names, that returns it.

    Args:
        path: the folder with the folders "articles" and "summaries"; a summary has the name of its article.
        has_title: whether the first line of an article is its title.

    Raises:
        MissingFile: there is no such folder.
        UserError: a folder is missing, an article has no summary, or a file is empty or not UTF-8.
    """
    articles, summaries = own_files(path)
    return [
        partial(
            make_article,
            name,
            own_text(read_file(article.path), str(article.path)),
            own_text(read_file(summaries[name].path), str(summaries[name].path)),
            has_title=has_title,
            place=str(article.path),
        )
        for name, article in articles.items()
    ]


def own_digest(path: str) -> str:
    """Return a SHA-256 of the names and the contents of all files in a folder of the user."""
    articles, summaries = own_files(path)
    found = [
        ClassFile(file.path, f"{kind}/{name}", file.label, None)
        for kind, files in (("articles", articles), ("summaries", summaries))
        for name, file in files.items()
    ]
    return folder_digest(found)


def own_files(path: str) -> tuple[dict[str, ClassFile], dict[str, ClassFile]]:
    """Return the articles and the summaries in a folder of the user by their names, in ascending order.

    Raises:
        MissingFile: there is no such folder.
        UserError: a folder is missing, or an article or a summary is alone.
    """
    root = own_folder(path, WANTED)
    with report_read_errors(root), os.scandir(root) as entries:
        folders = {NAMES[entry.name.lower()]: entry.path for entry in entries if entry.name.lower() in NAMES}
    found = []
    for kind in ("articles", "summaries"):
        if kind not in folders:
            raise UserError(f"{path} has no folder {kind}; task.path must name {WANTED}.")
        found.append(dict(sorted(_text_files(Path(folders[kind]), root))))
    articles, summaries = found
    if not articles:
        raise UserError(f"{folders['articles']} has no file whose name ends in {SUFFIX}.")
    for one, other, absent in ((articles, summaries, "summary"), (summaries, articles, "article")):
        for name, file in one.items():
            if name not in other:
                raise UserError(f"{file.path} has no {absent}: there is no {name} in the other folder.")
    return articles, summaries


def make_article(name: str, text: str, summary: str, *, has_title: bool, place: str) -> Article:
    """Return an article.

    Args:
        name: its name.
        text: its text.
        summary: its summary.
        has_title: whether the first line is its title.
        place: the file, for messages.

    Raises:
        UserError: the article has no sentence, or the summary has no word.
    """
    title, _, rest = text.lstrip().partition("\n") if has_title else ("", "", text)
    sentences = split_sentences(rest)
    if not sentences:
        after = " after its first line, which is the title" if has_title else ""
        raise UserError(f"The article {name} in {place} has no sentence{after}; ROUGE counts the letters a to z only.")
    if not rouge_words(summary):
        raise UserError(
            f"The summary of the article {name} in {place} has no word; ROUGE counts the letters a to z only."
        )
    return Article(name, title.strip(), tuple(sentences), " ".join(summary.split()))


def text_key(article: Article) -> bytes:
    """Return a key that articles with the same words share."""
    words = " ".join(word for sentence in article.sentences for word in rouge_words(sentence))
    return hashlib.blake2b(words.encode(), digest_size=16).digest()


def _member_name(path: str) -> str | None:
    """Return the name of an article or a summary in the archive, for example "articles/sport/001.txt"."""
    parts = PurePosixPath(path).parts
    if len(parts) != 4 or parts[1].lower() not in NAMES or not path.endswith(SUFFIX):
        return None
    return "/".join((NAMES[parts[1].lower()], *parts[2:]))


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _text_files(folder: Path, root: Path) -> Iterator[tuple[str, ClassFile]]:
    """Yield the text files below a folder with their names below it. Names that start with a dot are ignored."""
    with report_read_errors(folder), os.scandir(folder) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in found:
        path = Path(entry.path)
        if entry.is_symlink() and not is_inside(path, root):
            raise UserError(f"{path} is a link out of {root}; copy the file, or link inside the folder.")
        if entry.is_dir(follow_symlinks=False):
            for name, file in _text_files(path, root):
                yield f"{entry.name}/{name}", file
        elif entry.name.lower().endswith(SUFFIX):
            yield entry.name, ClassFile(path, entry.name, folder.name, None)
