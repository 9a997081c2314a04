"""The data sets that the tasks read, by name. `gatebench data` lists, fetches and verifies them.

The names, checksums, folders and licences are defined in the modules of the tasks. The addresses and sizes, which only
the download needs, are defined here. Checksums and sizes are those that TensorFlow Datasets publishes (`url_checksums`)
unless a comment says otherwise.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.data.datasets import Dataset, File
from tasks.data.files import check_published, read_file
from tasks.data.zipped import read_zipped
from tasks.images import fashion_mnist
from tasks.images import sequential_cifar10 as cifar
from tasks.images import sequential_mnist as mnist
from tasks.music import piano_rolls
from tasks.music.jsb_chorales import JsbChorales
from tasks.music.muse_data import MuseData
from tasks.music.nottingham import Nottingham
from tasks.music.piano_midi import PianoMidi
from tasks.music.piano_rolls import RollFile
from tasks.series import ett, weather
from tasks.series.published_series import PublishedSeries
from tasks.speech import speech_releases
from tasks.speech.speech_commands import SpeechCommands
from tasks.text import articles, characters, entities, multi30k, reviews, sst2
from tasks.text.characters import Characters
from tasks.text.imdb import Imdb
from tasks.text.summaries import Summaries

WEATHER_URL = "https://huggingface.co/datasets/thuml/Time-Series-Library/resolve/main/weather/weather.csv"
"""The file that Wu et al. 2021 prepared from the data of the institute, as their group publishes it.

Its SHA-256 is that of `weather.FILE`.
"""

SHAKESPEARE_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"

WNUT17_URL = "https://raw.githubusercontent.com/leondz/emerging_entities/master/"

MULTI30K_URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"

MULTI30K_SIZES = {
    "train.de.gz": 637_044,
    "train.en.gz": 568_929,
    "train.fr.gz": 604_242,
    "val.de.gz": 24_681,
    "val.en.gz": 21_650,
    "val.fr.gz": 23_001,
    "test_2016_flickr.de.gz": 22_890,
    "test_2016_flickr.en.gz": 21_077,
    "test_2016_flickr.fr.gz": 22_310,
    "test_2017_flickr.de.gz": 21_471,
    "test_2017_flickr.en.gz": 19_138,
    "test_2017_flickr.fr.gz": 20_434,
    "test_2017_mscoco.de.gz": 10_230,
    "test_2017_mscoco.en.gz": 8_844,
    "test_2017_mscoco.fr.gz": 9_751,
    "test_2018_flickr.de.gz": 26_461,
    "test_2018_flickr.en.gz": 23_514,
    "test_2018_flickr.fr.gz": 25_321,
}
"""{file: size in bytes} of Multi30k, task 1."""

SUBSET_SIZES = {
    "down": 9_545_076,
    "eight": 9_081_156,
    "five": 9_892_100,
    "go": 8_969_736,
    "left": 9_584_212,
    "one": 9_001_832,
    "right": 10_146_016,
    "up": 8_490_072,
    "zero": 10_143_108,
    "validation_list.txt": 181_550,
    "testing_list.txt": 182_590,
}
"""{word or list: size in bytes} of the files of the subset of Speech Commands v0.01."""


def _files(base_url: str, checksums: Mapping[str, str], *sizes: int) -> tuple[File, ...]:
    """Return files that are published in the folder `base_url` under their own names."""
    pairs = zip(checksums.items(), sizes, strict=True)
    return tuple(File(name, checksum, size, base_url + name) for (name, checksum), size in pairs)


def _zipped(*series: PublishedSeries) -> Callable[[Path], None]:
    """Return a check of the series in a zip archive, which does not depend on how the archive was packed."""

    def check(path: Path) -> None:
        archive = read_file(path)
        for one in series:
            data = read_zipped(archive, one.file, one.size, str(path))
            check_published(data, one.sha256, f"{one.file} in {path}", one.source_url)

    return check


def _release(version: str, title: str, size: int) -> Dataset:
    """Return a complete release of Speech Commands. It is not unpacked: no checksums of its content are published."""
    return Dataset(
        f"speech_commands_{version}",
        title,
        SpeechCommands.licence,
        speech_releases.SOURCE_URL,
        speech_releases.folders_of(version),
        _files(
            speech_releases.SOURCE_URL, {f"speech_commands_{version}.tar.gz": speech_releases.ARCHIVES[version]}, size
        ),
        ("speech_commands",),
    )


def _rolls(task: type[JsbChorales], title: str, size: int) -> Dataset:
    """Return a collection of piano rolls. The address and the size are from the repository of Bai et al. 2018."""
    file: RollFile = task.rolls
    return Dataset(
        task.__module__.rpartition(".")[2],
        title,
        task.licence,
        piano_rolls.SOURCE_URL,
        piano_rolls.FOLDERS,
        _files(piano_rolls.SOURCE_URL, {file.name: piano_rolls.CHECKSUMS[file.name]}, size),
        (task.__module__.rpartition(".")[2],),
    )


_ALL = (
    Dataset(
        "mnist",
        "MNIST: 70,000 handwritten digits, 28x28",
        mnist.SequentialMnist.licence,
        mnist.SOURCE_URL,
        mnist.FOLDERS,
        _files(mnist.SOURCE_URL, mnist.PACKED, 9_912_422, 28_881, 1_648_877, 4_542),
        (
            "sequential_mnist",
            "permuted_mnist",
            "image_patches",
            "continual",
            "moving_mnist",
            "digit_detection",
            "video_actions",
        ),
        alternatives=(mnist.UNPACKED,),
    ),
    Dataset(
        "fashion_mnist",
        "Fashion-MNIST: 70,000 articles of clothing, 28x28",
        fashion_mnist.FashionMnist.licence,
        fashion_mnist.SOURCE_URL,
        fashion_mnist.FOLDERS,
        _files(fashion_mnist.SOURCE_URL, fashion_mnist.PACKED, 26_421_880, 29_515, 4_422_102, 5_148),
        ("fashion_mnist",),
        alternatives=(fashion_mnist.UNPACKED,),
    ),
    Dataset(
        "cifar10",
        "CIFAR-10: 60,000 photographs, 32x32",
        cifar.SequentialCifar10.licence,
        cifar.SOURCE_URL,
        cifar.FOLDERS,
        (  # the size is the one that the server announces; Keras publishes the same checksum
            File(cifar.ARCHIVE, cifar.CHECKSUMS[cifar.ARCHIVE], 170_498_071, cifar.SOURCE_URL + cifar.ARCHIVE),
        ),
        ("sequential_cifar10", "image_patches"),
        alternatives=(
            {f"{cifar.BATCH_FOLDER}/{name}": c for name, c in cifar.CHECKSUMS.items() if name != cifar.ARCHIVE},
        ),
    ),
    Dataset(
        "imdb",
        "Large Movie Review Dataset: 50,000 labelled reviews",
        Imdb.licence,
        reviews.SOURCE_URL,
        reviews.FOLDERS,
        _files(reviews.SOURCE_URL, {name: reviews.ARCHIVES[name] for name in ("aclImdb_v1.tar.gz",)}, 84_125_825),
        ("imdb",),
        alternatives=(
            {name: reviews.ARCHIVES[name] for name in ("aclImdb_labeled.tar.gz",)},
            {reviews.UNPACKED: reviews.verify},
        ),
    ),
    Dataset(
        "sst2",
        "Stanford Sentiment Treebank, two classes: 9,613 sentences",
        sst2.Sst2.licence,
        sst2.SOURCE_URL,
        sst2.FOLDERS,
        tuple(
            File(name, checksum, size)
            for (name, checksum), size in zip(sst2.CHECKSUMS.items(), (720_259, 92_057, 188_749), strict=True)
        ),
        ("sst2",),
        note="No checksum is published for these files; the checksums here are of copies with the published counts.",
    ),
    Dataset(
        "tinyshakespeare",
        "Tiny Shakespeare: 1,115,394 characters of plays",
        Characters.licence,
        characters.SOURCE_URL,
        characters.FOLDERS,
        (File(characters.NAME, characters.CHECKSUM, characters.CHARACTERS, SHAKESPEARE_URL),),
        ("characters",),  # no checksum is published; this one is of a copy with the published size
    ),
    Dataset(
        "multi30k",
        "Multi30k: 31,014 captions in English, German and French, and four test sets",
        "for research, not commercial; cite Elliott et al. 2016",
        multi30k.SOURCE_URL,
        multi30k.FOLDERS,
        _files(MULTI30K_URL, multi30k.CHECKSUMS, *MULTI30K_SIZES.values()),
        ("translation",),  # no checksums are published; these are of copies with the published numbers of lines
    ),
    Dataset(
        "wnut17",
        "WNUT-17: 5,690 tagged sentences of posts and comments with emerging entities",
        "CC BY 4.0; cite Derczynski et al. 2017",
        entities.SOURCE_URL,
        entities.FOLDERS,
        _files(WNUT17_URL, entities.CHECKSUMS, 493_781, 114_749, 192_425),
        ("entities",),  # no checksums are published; these are of copies with the published numbers of sentences
    ),
    Dataset(
        "bbc_news_summary",
        "BBC News Summary: 2,225 articles in five topics with summaries",
        Summaries.licence,
        articles.SOURCE_URL,
        articles.FOLDERS,
        (File(articles.ARCHIVE, articles.SHA256, 1_431_688),),
        ("summaries",),
        note="This is a repacking of the folder that its compiler publishes at Kaggle (pariza/bbc-news-summary). The "
        "task also reads that folder: set task.path to it. One of its files, News Articles/sport/199.txt, must be "
        "converted from Windows-1252 to UTF-8 before.",
    ),
    # v0.01: the size is the one that the server announces; the checksum is that of torchaudio
    _release("v0.01", "Speech Commands v0.01: 64,727 clips of 30 words", 1_489_096_277),
    _release("v0.02", "Speech Commands v0.02: 105,829 clips of 35 words", 2_428_923_189),
    Dataset(
        "speech_commands_v0.01_subset",
        "Speech Commands v0.01: 5,000 clips of 9 words",
        SpeechCommands.licence,
        speech_releases.SOURCE_URL,
        ("speech_commands_v0.01_subset", *speech_releases.folders_of("v0.01")),
        tuple(
            File(name, checksum, SUBSET_SIZES[name.removesuffix(".tar.xz")])
            for name, checksum in speech_releases.checksums(
                "v0.01_subset", speech_releases.WORDS["v0.01_subset"], None
            ).items()
        ),
        ("speech_commands",),
        alternatives=({"speech_commands_v0.01.tar.gz": speech_releases.ARCHIVES["v0.01"]},),
        note="It is a repacked part of speech_commands_v0.01. Fetch that data set instead: the task reads it too.",
    ),
    Dataset(
        "ett",
        "Electricity transformer temperature: four series of two years",
        ett.Ett.licence,
        ett.SOURCE_URL,
        ett.FOLDERS,
        tuple(File(one.file, one.sha256, one.size, ett.SOURCE_URL + one.file) for one in ett.FILES.values()),
        ("ett",),
        alternatives=({"ETT-small.zip": _zipped(*ett.FILES.values())},),
    ),
    Dataset(
        "weather",
        "Weather in Jena, 2020: 21 measurements every ten minutes",
        weather.Weather.licence,
        weather.SOURCE_URL,
        weather.FILE.folders,
        (File(weather.FILE.file, weather.FILE.sha256, weather.FILE.size, WEATHER_URL),),
        ("weather",),
        alternatives=({weather.FILE.archive: _zipped(weather.FILE)},),
    ),
    _rolls(JsbChorales, "JSB Chorales: 382 chorales as piano rolls", 96_095),
    _rolls(Nottingham, "Nottingham: 1,037 folk tunes as piano rolls", 371_688),
    _rolls(MuseData, "MuseData: 783 pieces as piano rolls", 947_219),
    _rolls(PianoMidi, "Piano-midi.de: 124 pieces as piano rolls", 223_732),
)

DATASETS: Mapping[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
"""{name: data set} of all data sets."""
