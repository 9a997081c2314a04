"""The contract of a task, run over every config in `conf/task`: on real files, and on small ones where built."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from gatebench.errors import UserError
from gatebench.report.gates_page.payload import view_data
from gatebench.task import Batch, Problem, Split, Task, build_task
from gatebench.views import Curves, PianoRoll, Picture, Spectrogram, View, Words
from tasks.data.files import MissingFile
from tasks.series.windows import Windows
from tasks.speech.speech_releases import WORDS
from tests.paths import ROOT
from tests.tasks.answers import ORACLES, TASK_ORACLES, UNDECIDED, body_of, first, logits_of, ridge
from tests.tasks.diagnostics import DIAGNOSTICS
from tests.tasks.images.small_cifar import write_small_cifar
from tests.tasks.images.small_images import write_small_images
from tests.tasks.images.small_mnist import write_small_digits, write_small_fashion, write_small_mnist
from tests.tasks.music.small_music import write_small_music
from tests.tasks.real_data import data_root, shared_cache
from tests.tasks.series.small_series import write_small_csv, write_small_ett, write_small_weather
from tests.tasks.speech.small_sounds import write_small_sounds
from tests.tasks.speech.small_speech import write_small_release, write_small_subset
from tests.tasks.text.small_articles import write_small_articles
from tests.tasks.text.small_labelled_texts import write_small_labelled_texts
from tests.tasks.text.small_pairs import write_small_pairs
from tests.tasks.text.small_reviews import write_small_reviews
from tests.tasks.text.small_sentences import write_small_sentences
from tests.tasks.text.small_tagged import write_small_tagged
from tests.tasks.text.small_text import write_small_text
from tests.tasks.video.small_videos import write_small_videos

CONFIGS = {path.stem: path for path in sorted((ROOT / "conf" / "task").glob("*.yaml"))}
NEEDED = {
    "series": {"path": __file__, "target": "any"},
    "words": {"path": __file__},
}  # config: the fields without which it names no data
SMALL_ONLY = ("video_folder", "image_folder", "audio_folder")  # configs for which there are no real files
OWN = (*SMALL_ONLY, "text_files")  # configs that read the classes from the files of the user
FEW = {"training": 300, "validation": 60, "test": 60}
FEW_CLIPS = {"training": 10, "validation": 4, "testing": 4}  # of each of 35 words
REAL: Mapping[str, Mapping[str, Any]] = {
    "image_patches": {"limit": 1000},
    "moving_mnist": FEW,
    "digit_detection": FEW | {"training": 60, "test": 40},
    "video_actions": {"ask": "where", **FEW},
    "characters": {"evaluation_length": 100},
    "summaries": {"limit": 220},
    "translation": {"limit": 2000, "vocabulary": 400},
    "words": {"path": Path("tinyshakespeare/input.txt"), "vocabulary": 300, "evaluation_length": 50},
    "continual": {"joint": True, "experiences": 2, "limit": 2000},
    "continual_split": {"joint": True, "limit": 2000},
    "series": {"path": Path("series/daily-min-temperatures.csv"), "target": "Temp", "gaps": "carry"},
    "text_files": {"path": Path("sst2/train.tsv"), "header": False},
    "speech_commands": {"version": "v0.01_subset", "words": ["down", "go", "left", "right", "up"]},
    "weather": {"input_length": 48, "horizon": 12},
}  # config: the fields that choose a real file, or keep the tests quick; paths are below the data root
SMALL: Mapping[str, tuple[Callable[[Path, pytest.MonkeyPatch], object], Mapping[str, Any]]] = {
    "ett": (write_small_ett, {}),
    "series": (write_small_csv, {"path": Path("prices.csv"), "target": "Close", "horizon": 7, "input_length": 30}),
    "weather": (write_small_weather, {"horizon": 24}),
    "characters": (write_small_text, {"path": Path("text.txt"), "length": 20, "evaluation_length": 30, "test": 0.2}),
    "entities": (write_small_tagged, {"path": Path("tagged.conll"), "embedding": 8}),
    "imdb": (write_small_reviews, {"max_length": 30}),
    **dict.fromkeys(("jsb_chorales", "muse_data", "nottingham", "piano_midi"), (write_small_music, {})),
    "speech_commands": (write_small_subset, {"version": "v0.01_subset"}),
    "speech_commands_12": (write_small_release, {}),
    "speech_commands_35": (partial(write_small_release, words=WORDS["v0.02"], parts=FEW_CLIPS, version="v0.02"), {}),
    "sst2": (write_small_sentences, {}),
    "summaries": (write_small_articles, {"path": Path("news"), "embedding": 8, "test": 0.4}),
    "audio_folder": (write_small_sounds, {"path": Path("sounds"), "rate": 8000, "seconds": 0.2, "test": 0.4}),
    "image_folder": (write_small_images, {"path": Path("images"), "test": 0.4}),
    "text_files": (write_small_labelled_texts, {"path": Path("texts.csv"), "test": 0.3, "min_frequency": 1}),
    "words": (
        write_small_text,
        {"path": Path("text.txt"), "vocabulary": 32, "length": 20, "evaluation_length": 10, "test": 0.2},
    ),
    "translation": (
        write_small_pairs,
        {"source_path": Path("read.txt"), "target_path": Path("written.txt"), "vocabulary": 300, "embedding": 8},
    ),
    "continual": (write_small_mnist, {"joint": True, "experiences": 2, "validation": 100}),
    "continual_split": (write_small_mnist, {"joint": True, "validation": 100}),
    "fashion_mnist": (write_small_fashion, {"validation": 100}),
    "image_patches": (write_small_mnist, {"validation": 100, "patch": 7, "filters": 8}),
    "digit_detection": (
        write_small_digits,
        {"smallest": 28, "largest": 28, "canvas": 64, "boxes": 4, **FEW, "training": 60, "test": 40},
    ),
    "video_folder": (write_small_videos, {"path": Path("videos"), "filters": 4, "test": 0.4}),
    "video_actions": (write_small_digits, {"ask": "where", "filters": 8, **FEW}),
    "moving_mnist": (write_small_digits, {"canvas": 16, "read": 4, "predicted": 3, **FEW}),
    "permuted_mnist": (write_small_mnist, {"validation": 100}),
    "sequential_cifar10": (write_small_cifar, {"order": "row", "validation": 100}),
    "sequential_mnist": (write_small_mnist, {"validation": 100}),
}  # config: (what writes its files, the fields that fit them)
SHARED = {
    "imdb-real": 123,
    "parity-real": 222,
    "reber-real": 2796,
    "sst2-real": 2,
}  # examples of validation and test that the training part has too: as published, or so short that they are drawn twice
MARGIN = {"entities-real": 0.1}
"""The least distance of a simple method from chance: 0.2 unless the names of the test part are new on purpose."""

CASES = [f"{name}-real" for name in CONFIGS if name not in SMALL_ONLY] + [f"{name}-small" for name in SMALL]


@dataclass(frozen=True)
class Case:
    """A task with the root of its files, loaded."""

    name: str
    task: Task
    root: Path
    problem: Problem
    cache: Path | None = None

    @property
    def splits(self) -> dict[str, Split]:
        return {"train": self.problem.train, "val": self.problem.val, "test": self.problem.test}


def config_of(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(CONFIGS[name].read_text())
    return config


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    name, _, files = request.param.rpartition("-")
    with pytest.MonkeyPatch.context() as patch:
        root, config, fields = data_root(), config_of(name), REAL.get(name, {})
        if files == "small":
            write, fields = SMALL[name]
            write(root := tmp_path_factory.mktemp(name), patch)
        task = build_task(config | {k: str(root / v) if isinstance(v, Path) else v for k, v in fields.items()})
        cache = shared_cache(tmp_path_factory) if files == "real" else None
        torch.manual_seed(0)  # the weights of an encoder
        try:
            problem = task.load(root, cache)
        except MissingFile as missing:
            if files == "small":
                raise
            pytest.skip(str(missing))
        yield Case(request.param, task, root, problem, cache)


def score(problem: Problem, answer: Callable[[Batch], Tensor], metric: str) -> float:
    batch = first(problem.test, 2000)
    totals = {name: value.item() for name, value in problem.tally(answer(batch), batch).items()}
    return problem.scores(totals)[metric]


@pytest.mark.parametrize("name", CONFIGS)
def test_config_names_every_field(name: str) -> None:
    config = config_of(name)
    task = build_task(config)
    assert set(config) - {"_target_"} == {field.name for field in fields(task)}
    assert task.parameters().items() <= config.items()
    assert config["_target_"] == f"{type(task).__module__}.{type(task).__name__}"


@pytest.mark.parametrize("name", sorted({config["_target_"] for config in map(config_of, CONFIGS)}))
def test_a_config_named_as_the_module_has_its_defaults(name: str) -> None:
    module = name.split(".")[-2]
    assert config_of(module) == {"_target_": name, **_all_parameters(name)}


def _all_parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a task and those that `parameters` leaves out at their neutral values."""
    task = build_task({"_target_": name})
    values = {field.name: getattr(task, field.name) for field in fields(task)}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    } | task.parameters()


def declared(name: str, root: Path) -> dict[str, Any]:
    """Return a config with the fields that name data; small files of the user are written below the root."""
    if name not in OWN:
        return config_of(name) | NEEDED.get(name, {})
    write, fields = SMALL[name]
    with pytest.MonkeyPatch.context() as patch:
        write(root, patch)
    return config_of(name) | {
        key: str(root / value) if isinstance(value, Path) else value for key, value in fields.items()
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_declaration_is_complete_and_plain(name: str, tmp_path: Path) -> None:
    task = build_task(declared(name, tmp_path))
    assert all((task.title, task.protocol, task.licence, task.metrics))
    assert isinstance(task.chance, float)
    names = [metric.name for metric in task.metrics]
    assert task.table_metrics == () or task.table_metrics[0] == names[0]
    assert set(task.table_metrics) <= set(names)
    headline = task.metrics[0]
    assert headline.low is not None, "no score of these tasks is unbounded on both sides"
    assert headline.low <= task.chance <= (task.chance if headline.high is None else headline.high)
    if task.optimum is not None:
        assert task.optimum == (headline.high if headline.direction == "max" else headline.low)
    assert json.loads(json.dumps(task.parameters())) == task.parameters()
    assert task.checksums()
    files = {name: sha256 for name, sha256 in task.checksums().items() if not name.endswith("/generator")}
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in files.values())


def test_declarations_import_nothing_heavy(tmp_path: Path) -> None:
    configs = [declared(name, tmp_path) for name in CONFIGS]
    code = (
        "import sys; from gatebench.task import build_task\n"
        f"for config in {configs!r}: build_task(config).checksums()\n"
        "print(*({'torch', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_batches_have_the_announced_shapes(case: Case) -> None:
    for split in case.splits.values():
        batch = first(split, 5)
        encoded = case.problem.encoder(batch.x)
        assert encoded.shape[1:] == (5, case.problem.input_size)
        assert encoded.shape[0] == batch.x.shape[0] <= case.problem.steps
        assert encoded.is_floating_point()
        assert 5 in batch.y.shape[:2]
        assert (batch.lengths is None) == (split.lengths is None)
        if batch.lengths is not None:
            assert batch.lengths.device.type == "cpu"
            assert batch.lengths.max() == batch.x.shape[0]


def test_examples_keep_their_order(case: Case) -> None:
    indices = torch.tensor([3, 1, 1, 0])
    batch = case.problem.train.batch(indices)
    for column, index in enumerate(indices):
        alone = case.problem.train.batch(index[None])
        assert torch.equal(batch.x[: len(alone.x), column], alone.x[:, 0])


def test_loading_again_gives_the_same(case: Case, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = shared_cache(tmp_path_factory) if case.name.endswith("real") else None
    again = Case(case.name, case.task, case.root, case.task.load(case.root, cache))
    for part, split in case.splits.items():
        assert len(split) == len(again.splits[part])
        ours, theirs = first(split, 300), first(again.splits[part], 300)
        assert torch.equal(ours.x, theirs.x)
        assert torch.equal(ours.y, theirs.y)


def test_no_example_is_in_two_splits(case: Case) -> None:
    seen: dict[bytes, str] = {}
    shared = 0
    for part, split in case.splits.items():
        for start in range(0, len(split), 1000):
            batch = split.batch(torch.arange(start, min(start + 1000, len(split))))
            lengths = [len(batch.x)] * batch.x.shape[1] if batch.lengths is None else batch.lengths.tolist()
            for example, length in zip(batch.x.transpose(0, 1).contiguous().numpy(), lengths, strict=True):
                key = hashlib.blake2b(example[:length].tobytes(), digest_size=16).digest()
                shared += seen.setdefault(key, part) != part
    assert shared == SHARED.get(case.name, 0)


def test_loss_is_finite_and_reaches_the_head(case: Case) -> None:
    batch = first(case.problem.train, 5)
    if case.problem.body is not None:
        body = body_of(case.problem)
        loss = case.problem.loss(body(case.problem.encoder(batch.x), batch), batch)
        assert loss.isfinite()
        for gradient in torch.autograd.grad(loss, [*body.parameters(), *case.problem.encoder.parameters()]):
            assert gradient.isfinite().all()
            assert gradient.abs().max() > 0
        return
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(*batch.x.shape[:2], 8, generator=generator).requires_grad_()
    head = case.problem.head(8, 1)
    loss = case.problem.loss(head(output, batch.lengths), batch)
    assert loss.shape == ()
    assert loss.isfinite()
    for gradient in torch.autograd.grad(loss, [output, *head.parameters()]):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


def test_tallies_add_up(case: Case) -> None:
    problem, parts = case.problem, [torch.arange(7), torch.arange(7, 20)]
    batches = [problem.test.batch(part) for part in [torch.arange(20), *parts]]
    logits = logits_of(problem, batches[0])
    batch_dim = logits.shape.index(20)
    pieces = [logits, logits.narrow(batch_dim, 0, 7), logits.narrow(batch_dim, 7, 13)]
    if batch_dim == 1:  # a target a step: a batch of the pieces is as long as its longest example
        lengths = [len(batch.x if problem.body is None else batch.y) for batch in batches]
        pieces = [piece[:length] for piece, length in zip(pieces, lengths, strict=True)]
    whole, *tallies = (problem.tally(piece, batch) for piece, batch in zip(pieces, batches, strict=True))
    added = {name: sum(tally[name].item() for tally in tallies) for name in whole}
    assert added == pytest.approx({name: value.item() for name, value in whole.items()})
    scores = problem.scores(added)
    assert {*scores, *case.task.final_metrics} == {metric.name for metric in case.task.metrics}
    for metric in [one for one in case.task.metrics if one.name in scores]:
        assert not scores[metric.name] < (-inf if metric.low is None else metric.low)
        assert not scores[metric.name] > (inf if metric.high is None else metric.high)


def test_the_loss_is_the_mean_of_the_losses_of_parts_weighted_by_their_targets(case: Case) -> None:
    problem, parts = case.problem, [torch.arange(3), torch.arange(3, 11), torch.arange(11, 20)]
    torch.manual_seed(0)
    encoder = problem.encoder.double().eval()
    readout = torch.randn(problem.input_size, 8, dtype=torch.float64)
    network = (body_of(problem) if problem.body is not None else problem.head(8, 1)).double().eval()

    def loss(batch: Batch) -> float:
        x = encoder(batch.x.double() if batch.x.is_floating_point() else batch.x)
        wide = replace(batch, y=batch.y.double() if batch.y.is_floating_point() else batch.y)
        logits = network(x, batch) if problem.body is not None else network(x @ readout, batch.lengths)
        return problem.loss(logits, wide).item()

    whole, *batches = (problem.train.batch(part) for part in [torch.arange(20), *parts])
    targets = [problem.targets(batch) for batch in batches]
    assert problem.targets(whole) == sum(targets)
    mean = sum(count * loss(batch) for count, batch in zip(targets, batches, strict=True)) / sum(targets)
    assert loss(whole) == pytest.approx(mean, rel=1e-6)
    problem.encoder.float()


def test_chance_baseline_ceiling(case: Case) -> None:
    if isinstance(case.problem.train, Windows):
        check_forecasts(case)
        return
    if case.task.optimum is not None:
        check_diagnostic(case)
        return
    if "oracle" in case.problem.baselines():
        check_choices(case)
        return
    headline, problem = case.task.metrics[0], case.problem
    per_token = problem.body is not None and headline.name == "nll"  # the network writes tokens, not frames
    oracles = {**ORACLES, headline.name: TASK_ORACLES[case.task.name]} if case.task.name in TASK_ORACLES else ORACLES
    know, ceiling = oracles["bits" if per_token else headline.name]
    sign = 1 if headline.direction == "max" else -1
    scale = 0.0 if headline.name in UNDECIDED else 1.0
    blind = score(problem, lambda batch: scale * logits_of(problem, batch), headline.name)
    simple = [sign * value for value in problem.baselines().values()]
    baseline = sign * max(simple) if simple else score(problem, ridge(problem), headline.name)
    assert blind == pytest.approx(case.task.chance, abs=0.08)  # four standard errors over 200 to 300 examples
    best = ceiling if isinstance(ceiling, float) else pytest.approx(ceiling(first(problem.test, 2000)), rel=1e-4)
    assert score(problem, lambda batch: know(batch, logits_of(problem, batch)), headline.name) == best
    margin = MARGIN.get(case.name, 0.2)
    bound = ceiling if isinstance(ceiling, float) else ceiling(first(problem.test, 2000))
    assert sign * case.task.chance + margin < sign * baseline < sign * bound


def check_diagnostic(case: Case) -> None:
    """Between chance and the optimum, both known by analysis, there is no simple method: that is what it is for."""
    headline, problem = case.task.metrics[0], case.problem
    forgetful, mindful = (
        score(problem, lambda batch, answer=answer: answer(batch, logits_of(problem, batch)), headline.name)  # type: ignore[misc]
        for answer in DIAGNOSTICS[case.task.name]
    )
    assert forgetful == pytest.approx(case.task.chance, rel=0.12)
    assert mindful == case.task.optimum


def check_forecasts(case: Case) -> None:
    """Chance is the training part's mean on that part: a series leaves both its mean and its scale behind."""
    levels = replace(case.task, **{"subtract_last": False}).load(case.root).train
    targets = levels.batch(torch.linspace(0, len(levels) - 1, 2000).long()).y
    assert targets.square().mean().item() == pytest.approx(case.task.chance, abs=0.08)
    assert score(case.problem, lambda batch: batch.y, "mse") == 0
    linear, *others = sorted(case.problem.baselines().items(), key=lambda item: item[1])
    assert linear[0] == "linear"
    assert 0 < linear[1] < others[0][1]
    assert linear[1] < case.task.chance - 0.2


def check_choices(case: Case) -> None:
    """A random choice and a perfect one are among the simple methods, because no analysis knows their scores."""
    headline, problem = case.task.metrics[0].name, case.problem
    simple = problem.baselines()
    assert len(problem.test) <= 2000, "the simple methods have the scores of the whole test part"
    blind, known = (
        score(problem, lambda batch, answer=answer: answer(batch), headline)  # type: ignore[misc]
        for answer in (lambda batch: logits_of(problem, batch), lambda batch: 1.0 * (batch.y % 2))
    )
    assert blind == pytest.approx(
        simple["random"], abs=0.25
    )  # three standard errors of the difference over 24 articles
    assert known == pytest.approx(simple["oracle"], abs=0.05)
    assert case.task.chance < max(blind, simple["random"]) < min(known, simple["oracle"]) - 0.2


def test_every_test_example_can_be_shown(case: Case) -> None:
    for number in (0, len(case.problem.test) - 1):
        example = case.task.example(case.problem, number, case.root, case.cache)
        assert torch.equal(example.batch.x, case.problem.test.batch(torch.tensor([number])).x)
        assert len(example.batch.inputs) == steps_of(example.view)
        assert example.target in {"", *case.task.answers}
        json.dumps(view_data(example.view))


def steps_of(view: View) -> int:
    match view:
        case Words(words):
            return len(words)
        case Picture(_, places):
            return len(places)
        case Spectrogram(values, _) | Curves(values, _) | PianoRoll(values, _):
            return len(values)


def test_the_classes_have_names(case: Case) -> None:
    logits = logits_of(case.problem, first(case.problem.test, 1))
    if case.task.answers:
        assert logits.shape == (1, len(case.task.answers))
        assert len(set(case.task.answers)) == len(case.task.answers)


def test_an_example_that_does_not_exist_is_refused(case: Case) -> None:
    count = len(case.problem.test)
    for number in (-1, count):
        with pytest.raises(UserError, match=rf"example is {number}; it must be a whole number from 0 to {count - 1}"):
            case.task.example(case.problem, number, case.root, case.cache)
