"""The contract of a task, run over every config in `conf/task`: on real files, and on small ones where built."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from gatebench.task import Batch, Problem, Split, Task, build_task
from tasks.files import MissingFile
from tests.tasks.answers import ORACLES, first, logits_of, ridge
from tests.tasks.real_data import data_root
from tests.tasks.small_mnist import write_small_mnist

CONFIGS = {path.stem: path for path in sorted((Path(__file__).parents[2] / "conf" / "task").glob("*.yaml"))}
SMALL: Mapping[str, tuple[Callable[[Path, pytest.MonkeyPatch], object], Mapping[str, Any]]] = {
    "permuted_mnist": (write_small_mnist, {"validation": 100}),
    "sequential_mnist": (write_small_mnist, {"validation": 100}),
}  # config: (what writes its files, the fields that fit them)
CASES = [f"{name}-real" for name in CONFIGS] + [f"{name}-small" for name in SMALL]


@dataclass(frozen=True)
class Case:
    """A task with the root of its files, loaded."""

    task: Task
    root: Path
    problem: Problem

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
        root, config = data_root(), config_of(name)
        if files == "small":
            write, fields = SMALL[name]
            write(root := tmp_path_factory.mktemp(name), patch)
            config |= fields
        task = build_task(config)
        try:
            problem = task.load(root)
        except MissingFile as missing:
            if files == "small":
                raise
            pytest.skip(str(missing))
        yield Case(task, root, problem)


def score(problem: Problem, answer: Callable[[Batch], Tensor], metric: str) -> float:
    batch = first(problem.test, 2000)
    totals = {name: value.item() for name, value in problem.tally(answer(batch), batch).items()}
    return problem.scores(totals)[metric]


@pytest.mark.parametrize("name", CONFIGS)
def test_config_names_every_field(name: str) -> None:
    config = config_of(name)
    task = build_task(config)
    assert set(config) - {"_target_"} == set(task.parameters())
    assert {"_target_": config["_target_"], **task.parameters()} == config
    assert config["_target_"] == f"tasks.{task.name}.{type(task).__name__}"


@pytest.mark.parametrize("name", sorted({config["_target_"] for config in map(config_of, CONFIGS)}))
def test_a_config_named_as_the_module_has_its_defaults(name: str) -> None:
    module = name.split(".")[1]
    assert config_of(module) == {"_target_": name, **build_task({"_target_": name}).parameters()}


@pytest.mark.parametrize("name", CONFIGS)
def test_declaration_is_complete_and_plain(name: str) -> None:
    task = build_task(config_of(name))
    assert all((task.title, task.protocol, task.licence, task.metrics))
    assert isinstance(task.chance, float)
    assert json.loads(json.dumps(task.parameters())) == task.parameters()
    assert task.checksums()
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in task.checksums().values())


def test_declarations_import_nothing_heavy() -> None:
    code = (
        "import sys; from gatebench.task import build_task\n"
        f"for config in {[config_of(name) for name in CONFIGS]!r}: build_task(config).checksums()\n"
        "print(*({'torch', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
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


def test_loading_again_gives_the_same(case: Case) -> None:
    again = Case(case.task, case.root, case.task.load(case.root))
    for part, split in case.splits.items():
        assert len(split) == len(again.splits[part])
        ours, theirs = first(split, 300), first(again.splits[part], 300)
        assert torch.equal(ours.x, theirs.x)
        assert torch.equal(ours.y, theirs.y)


def test_no_example_is_in_two_splits(case: Case) -> None:
    seen: dict[bytes, str] = {}
    for part, split in case.splits.items():
        for start in range(0, len(split), 1000):
            batch = split.batch(torch.arange(start, min(start + 1000, len(split))))
            lengths = [len(batch.x)] * batch.x.shape[1] if batch.lengths is None else batch.lengths.tolist()
            for example, length in zip(batch.x.transpose(0, 1).contiguous().numpy(), lengths, strict=True):
                key = hashlib.blake2b(example[:length].tobytes(), digest_size=16).digest()
                assert seen.setdefault(key, part) == part


def test_loss_is_finite_and_reaches_the_head(case: Case) -> None:
    batch = first(case.problem.train, 5)
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(*batch.x.shape[:2], 8, generator=generator).requires_grad_()
    head = case.problem.head(8)
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
    whole, *tallies = (problem.tally(piece, batch) for piece, batch in zip(pieces, batches, strict=True))
    added = {name: sum(tally[name].item() for tally in tallies) for name in whole}
    assert added == pytest.approx({name: value.item() for name, value in whole.items()})
    assert set(problem.scores(added)) == {metric.name for metric in case.task.metrics}


def test_chance_baseline_ceiling(case: Case) -> None:
    headline, problem = case.task.metrics[0], case.problem
    know, ceiling = ORACLES[headline.name]
    sign = 1 if headline.direction == "max" else -1
    blind = score(problem, lambda batch: logits_of(problem, batch), headline.name)
    baseline = score(problem, ridge(problem), headline.name)
    assert blind == pytest.approx(case.task.chance, abs=0.08)  # four standard errors over 200 to 300 examples
    assert score(problem, lambda batch: know(batch, logits_of(problem, batch)), headline.name) == ceiling
    assert sign * case.task.chance + 0.2 < sign * baseline < sign * ceiling
