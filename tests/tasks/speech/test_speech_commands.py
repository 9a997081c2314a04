import time
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Problem, Split, build_task
from tasks.data.files import MissingFile
from tasks.speech.augmentation import Augment, Augmentations
from tasks.speech.spectra import Spectra
from tasks.speech.speech_commands import FEATURES, TRAINING_CLIPS, SpeechCommands
from tasks.speech.speech_releases import COMMANDS, WORDS
from tests.tasks.real_data import data_root, shared_cache, skipping_without_files
from tests.tasks.speech.small_speech import write_small_release, write_small_subset

FEW = {"training": 10, "validation": 6, "testing": 6}
RELEASE = {"version": "v0.01", "words": ["go", "up"]}
DIGEST = "0" * 64


def task(**fields: object) -> SpeechCommands:
    """Return the task on the subset, unless the fields name another version."""
    return SpeechCommands(**{"version": "v0.01_subset", **fields})  # type: ignore[arg-type]


def counts(split: Split) -> list[int]:
    found: list[int] = split.batch(torch.arange(len(split))).y.bincount().tolist()
    return found


@pytest.fixture
def subset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_subset(tmp_path, monkeypatch, ("go", "up", "zero"), {"training": 10, "validation": 6})
    return tmp_path


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_release(tmp_path, monkeypatch, ("go", "up", "bed"), FEW)
    return tmp_path


def test_a_subset_of_words(subset: Path) -> None:
    problem = task(words=["zero", "go"]).load(subset)
    assert [counts(split) for split in (problem.train, problem.val, problem.test)] == [[8, 8], [2, 2], [6, 6]]
    assert (problem.steps, problem.input_size) == (49, 40)
    batch = problem.train.batch(torch.arange(5))
    assert batch.x.shape == (49, 5, 40)
    assert batch.lengths is None
    assert problem.head(8, 1)(torch.zeros(49, 5, 8), None).shape == (5, 2)


def test_labels_are_in_the_order_of_the_words(subset: Path) -> None:
    ours, theirs = (task(words=words).load(subset) for words in (["zero", "go"], ["go", "zero"]))

    def by_class(problem: Problem, label: int) -> set[float]:
        batch = problem.test.batch(torch.arange(12))
        return set(batch.x[:, batch.y == label].sum((0, 2)).tolist())

    assert by_class(ours, 0) == by_class(theirs, 1)
    assert by_class(ours, 0) != by_class(theirs, 0)


def test_unknown_words_of_the_subset(subset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORDS, "v0.01_subset", ("go", "up", "zero"))
    problem = task(words=["go", "up"], unknown=True).load(subset)
    assert [counts(split) for split in (problem.train, problem.val, problem.test)] == [[2, 8, 8], [1, 2, 2], [2, 6, 6]]


def test_silence_and_unknown_words_of_a_release(release: Path) -> None:
    problem = task(**RELEASE, unknown=True, silence=True, features="mfcc", width=13, stride_ms=40).load(release)
    assert [counts(split) for split in (problem.train, problem.val, problem.test)] == [
        [2, 2, 10, 10],
        [2, 2, 6, 6],
        [2, 2, 6, 6],
    ]
    assert (problem.steps, problem.input_size) == (25, 13)


def test_training_clips_are_standardised(subset: Path) -> None:
    problem = task(words=["go", "up"]).load(subset)
    encoded = problem.encoder(problem.train.batch(torch.arange(len(problem.train))).x)
    assert encoded.mean((0, 1)).abs().max() < 1e-3
    assert (encoded.std((0, 1)) - 1).abs().max() < 1e-2


def test_augmentations_apply_to_training_only(release: Path) -> None:
    fields = {"background_share": 0.8, "time_shift_ms": 110, "time_mask": 4, "frequency_mask": 3}
    problem = task(**RELEASE, **fields).load(release)
    encoder = problem.encoder
    assert isinstance(encoder, Augment)
    assert encoder.augmentations == Augmentations(0.8, 6, 4, 3)  # 110 ms are about six strides of 20 ms
    batch = problem.train.batch(torch.arange(10))
    assert encoder(batch.x).shape == (49, 10, 40)
    assert not torch.equal(encoder(batch.x), encoder(batch.x))
    plain = task(**RELEASE).load(release)
    assert torch.equal(encoder.eval()(batch.x), plain.encoder(plain.train.batch(torch.arange(10)).x))
    for ours, theirs in ((problem.val, plain.val), (problem.test, plain.test)):
        assert torch.equal(ours.batch(torch.arange(12)).x, theirs.batch(torch.arange(12)).x)


def test_augmentations_depend_on_the_seed_of_the_trial(subset: Path, tmp_path: Path) -> None:
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        problem = task(words=["go", "up"], time_shift_ms=100).load(subset, tmp_path / "cache")
        torch.rand(seed + 3)
        found.append(problem.encoder(problem.train.batch(torch.arange(16)).x))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_the_linear_baseline(subset: Path) -> None:
    baselines = task(words=["go", "up"]).load(subset).baselines()
    assert list(baselines) == ["linear"]
    assert baselines["linear"] > 0.7


def test_chance_is_one_over_the_number_of_classes() -> None:
    assert SpeechCommands.chance == SpeechCommands().chance == 1 / 35
    assert task(words=["go", "up"]).chance == 1 / 2
    assert task(version="v0.01", words=list(COMMANDS), unknown=True, silence=True).chance == 1 / 12
    assert task(version="v0.02").chance == 1 / 35


def test_labels_contain_the_version_and_all_changed_fields() -> None:
    assert SpeechCommands().label == "speech_commands[version=v0.02]"
    fields = {"words": ["down", "go"], "test_snr_db": 10}
    assert task(**fields).label == "speech_commands[version=v0.01_subset, words=down+go, test_snr_db=10.0]"


@pytest.mark.parametrize("words", [["down", "go"], ("down", "go")])
def test_the_task_can_be_built_from_its_parameters(words: object) -> None:
    ours = task(words=words, test_snr_db=10, background_volume=1)
    assert ours.parameters()["words"] == ["down", "go"]
    assert [type(ours.parameters()[name]) for name in ("test_snr_db", "background_volume")] == [float, float]
    assert build_task({"_target_": "tasks.speech.speech_commands.SpeechCommands", **ours.parameters()}) == ours


def test_checksums_are_of_the_files_that_are_read() -> None:
    lists = {"validation_list.txt", "testing_list.txt"}
    assert set(task(words=["go", "up"]).checksums()) == {"go.tar.xz", "up.tar.xz", *lists}
    assert len(task(words=["go", "up"], unknown=True).checksums()) == 9 + len(lists)
    assert set(task(version="v0.02", words=["go", "up"]).checksums()) == {"speech_commands_v0.02.tar.gz"}
    assert task(**RELEASE, content_sha256=DIGEST).checksums() == {"speech_commands_v0.01": DIGEST}


@pytest.mark.parametrize(("window_ms", "stride_ms"), [(40, 20), (40, 40), (25, 10), (100, 7)])
def test_size_is_known_before_the_files_are_read(window_ms: int, stride_ms: int) -> None:
    ours = task(window_ms=window_ms, stride_ms=stride_ms, width=30)
    assert ours.size().steps == Spectra("log_mel", 30, window_ms, stride_ms).steps
    assert (ours.size().examples, ours.size().inputs) == (4050, 30)
    twelve = task(version="v0.01", words=list(COMMANDS), unknown=True, silence=True)
    assert twelve.size().examples == round(TRAINING_CLIPS["v0.01"] * 10 * 1.2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"version": "v0.03"}, r"There is no task\.version 'v0\.03'; did you mean .*"),
        ({"words": ["yes"]}, r"There is no task\.words of v0\.01_subset 'yes'.*"),
        ({"words": ["go"]}, r"task\.words is \['go'\]; it must be enough words for two classes\."),
        ({"unknown": True}, r"task\.unknown needs words that are not target words; .*"),
        ({"unknown": 1}, r"task\.unknown is 1; it must be true or false\."),
        ({"silence": "yes"}, r"task\.silence is 'yes'; it must be true or false\."),
        (
            {"silence": True},
            r"task\.silence needs recordings of background noise, which v0\.01_subset does not have; .*",
        ),
        ({"background_share": 0.5}, r"task\.background_share needs recordings of background noise, .*"),
        ({"test_noise": "background", "test_snr_db": 0}, r"task\.test_noise=background needs recordings .*"),
        ({"split": "list"}, r"There is no task\.split 'list'; did you mean 'lists'\? Allowed: hash, lists\."),
        ({"split_seed": -1}, r"task\.split_seed is -1; .*"),
        ({"content_sha256": DIGEST}, r"task\.content_sha256 is for a whole release; .*"),
        ({"version": "v0.02", "content_sha256": "0"}, r"task\.content_sha256 is '0'; it must be a SHA-256 .*"),
        ({"version": "v0.02", "content_sha256": "None"}, r"task\.content_sha256 is 'None'; .*"),
        ({"features": "mel"}, r"There is no task\.features 'mel'; did you mean 'log_mel'\? .*"),
        ({"width": 65}, r"task\.width is 65; it must be a whole number from 1 to 64\."),
        ({"features": "mfcc", "width": 41}, r"task\.width is 41; it must be a whole number from 1 to 40\."),
        ({"window_ms": 19}, r"task\.window_ms is 19; it must be a whole number from 20 to 100\."),
        ({"stride_ms": 41}, r"task\.stride_ms is 41; it must be a whole number from 5 to 40\."),
        ({"background_share": 1.1}, r"task\.background_share is 1\.1; it must be a number from 0 to 1\."),
        ({"background_volume": float("nan")}, r"task\.background_volume is nan; .*"),
        ({"time_shift_ms": 501}, r"task\.time_shift_ms is 501; .*"),
        ({"time_mask": 50}, r"task\.time_mask is 50; it must be a whole number from 0 to 49\."),
        ({"frequency_mask": 41}, r"task\.frequency_mask is 41; it must be a whole number from 0 to 40\."),
        ({"test_noise": "pink"}, r"There is no task\.test_noise 'pink'.*"),
        ({"test_snr_db": 101}, r"task\.test_snr_db is 101; it must be a number from -50 to 100\."),
        ({"test_snr_db": "10"}, r"task\.test_snr_db is '10'; .*"),
        ({"noise_seed": None}, r"task\.noise_seed is None; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        task(**fields)


def test_settings_of_unused_noise_are_allowed() -> None:
    task(test_noise="background", background_volume=0.5, noise_seed=3)


def test_every_kind_of_features() -> None:
    for kind, width in FEATURES.items():
        assert Spectra(kind, width, 20, 20)(torch.zeros(1, 16_000)).shape == (1, 50, width)


def test_missing_files(tmp_path: Path) -> None:
    for version in WORDS:
        with pytest.raises(MissingFile, match=r"its official source is http://download\.tensorflow\.org/data/"):
            task(version=version).load(tmp_path)


def test_real_files_and_a_warm_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    words, cache = ["down", "go", "left", "right", "up"], shared_cache(tmp_path_factory)
    with skipping_without_files():
        problem = task(words=words).load(data_root(), cache)
    assert counts(problem.test) == [50, 50, 50, 100, 50]
    assert (len(problem.train), len(problem.val)) == (2234, 266)
    began = time.process_time()
    again = task(words=words).load(data_root() / "nowhere", cache)
    assert time.process_time() - began < 3
    assert torch.equal(problem.test.batch(torch.arange(300)).x, again.test.batch(torch.arange(300)).x)
    assert 0.5 < problem.baselines()["linear"] < 0.8


def test_a_clip_of_the_user_is_read_like_a_test_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = write_small_subset(tmp_path, monkeypatch, ("go", "up", "zero"), {"training": 10, "validation": 6})
    problem = task(words=("go", "up")).load(tmp_path)
    rows = problem.test.batch(torch.arange(len(problem.test)))
    file, matches = tmp_path / "mine.wav", 0
    for content in clips.values():
        file.write_bytes(content)
        own = task(words=("go", "up")).own_example(problem, OwnInput(file=file), tmp_path)
        assert own.batch.x.shape == (49, 1, 40)
        matches += sum(torch.allclose(own.batch.x[:, 0], rows.x[:, k], atol=1e-5) for k in range(len(problem.test)))
    assert matches == len(problem.test)


def test_a_file_that_is_no_clip_is_refused(tmp_path: Path, subset: Path) -> None:
    problem = task(words=("go", "up")).load(subset)
    file = tmp_path / "mine.wav"
    file.write_bytes(b"no sound")
    with pytest.raises(UserError, match=r"mine\.wav .* cannot be read as a wav file"):
        task(words=("go", "up")).own_example(problem, OwnInput(file=file), subset)
