"""The files that describe the project to its tools: they must be valid and agree with one another."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ISSUE_FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = parsed(workflow)["jobs"]
    return found


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def called_targets(script: str) -> Iterator[str]:
    """Yield the targets of every `make` command in a shell script."""
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            yield from (word for word in words[1:] if "=" not in word and not word.startswith("-"))


def supported_versions() -> list[str]:
    """Return the Python versions that the classifiers of pyproject.toml name."""
    prefix = "Programming Language :: Python :: 3."
    return [label.rpartition(" ")[2] for label in PROJECT["project"]["classifiers"] if label.startswith(prefix)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_targets_of_the_makefile(workflow: Path) -> None:
    scripts = [step["run"] for job in jobs(workflow).values() for step in job["steps"] if "run" in step]
    called = {target for script in scripts for target in called_targets(script)}
    assert called
    assert called <= make_targets()


def test_the_ci_script_and_the_workflow_call_the_same_targets() -> None:
    scripts = [step.get("run", "") for job in jobs(ROOT / ".github/workflows/ci.yml").values() for step in job["steps"]]
    called = {target for script in scripts for target in called_targets(script)}
    assert set(called_targets((ROOT / ".ci" / "run").read_text(encoding="utf-8"))) == called


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_on_all_supported_versions_of_python(workflow: Path) -> None:
    for name, job in jobs(workflow).items():
        assert job["strategy"]["matrix"]["python"] == supported_versions(), name


def test_the_oldest_supported_version_is_the_required_one() -> None:
    oldest = supported_versions()[0]
    assert PROJECT["project"]["requires-python"] == f">={oldest}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_pins_its_actions(workflow: Path) -> None:
    assert parsed(workflow)["permissions"] == {"contents": "read"}
    actions = [step["uses"] for job in jobs(workflow).values() for step in job["steps"] if "uses" in step]
    assert [action for action in actions if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action)] == []
    assert "secrets." not in workflow.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ISSUE_FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_complete(path: Path) -> None:
    form = parsed(path)
    if path.name == "config.yml":
        assert set(form) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names)
    assert all(field["attributes"]["label"] for field in fields)


def test_the_form_for_results_offers_all_backends() -> None:
    from gatebench.backends.names import BACKEND_NAMES

    form = parsed(ROOT / ".github" / "ISSUE_TEMPLATE" / "result_does_not_reproduce.yml")
    (backend,) = [field for field in form["body"] if field.get("id") == "backend"]
    assert tuple(backend["attributes"]["options"]) == (*BACKEND_NAMES, "not known")


def test_local_hooks_run_the_tools_of_the_virtual_environment() -> None:
    config = parsed(ROOT / ".pre-commit-config.yaml")
    hooks = [hook for repository in config["repos"] if repository["repo"] == "local" for hook in repository["hooks"]]
    tools = {shlex.split(hook["entry"])[0] for hook in hooks}
    assert tools == {".venv/bin/ruff", ".venv/bin/mypy"}
    assert all("rev" in repository for repository in config["repos"] if repository["repo"] != "local")


def test_the_citation_has_the_version_and_the_licence_of_the_package() -> None:
    citation, project = parsed(ROOT / "CITATION.cff"), PROJECT["project"]
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


@pytest.mark.parametrize("package", ["gatebench", "tasks", "launch"])
def test_a_package_ships_its_types(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert "py.typed" in PROJECT["tool"]["setuptools"]["package-data"]["*"]


def test_every_package_has_a_page_in_the_api_reference() -> None:
    packages = {path.parent.name for path in (ROOT / "gatebench").glob("*/__init__.py")} | {"tasks", "launch"}
    pages = {path.stem for path in (ROOT / "docs" / "api").glob("*.md")} - {"index", "gatebench"}
    assert pages == packages
    (reference,) = [entry for entry in parsed(ROOT / "mkdocs.yml")["nav"] if "API reference" in entry]
    listed = {page for entry in reference["API reference"] if isinstance(entry, dict) for page in entry.values()}
    assert listed == {f"api/{page}.md" for page in pages | {"gatebench"}}


GUIDES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", ROOT / "README.md"]
PLACEHOLDERS = ("NAME", "FAMILY", "SUBJECT", "*", "…")
FOLDERS = ("gatebench/", "tasks/", "launch/", "conf/", "tests/", "docs/", ".github/")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_the_files_and_tests_that_a_guide_names_exist(guide: Path) -> None:
    quoted = re.findall(r"`([^`\s]+)`", guide.read_text(encoding="utf-8"))
    named = [text for text in quoted if text.startswith(FOLDERS) and not any(word in text for word in PLACEHOLDERS)]
    for text in named:
        path, _, test = text.partition("::")
        assert (ROOT / path).exists(), text
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), text


def test_a_table_that_the_guide_names_is_in_its_file() -> None:
    """A row such as | `gatebench/trial.py` | in `OPTIMIZERS`: ... | names a constant of the file."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    checked = 0
    for path, content in re.findall(r"^\| `([\w/.]+\.py)` \| (.*?) \|", guide, re.MULTILINE):
        if any(placeholder in path for placeholder in PLACEHOLDERS):
            continue
        source = (ROOT / path).read_text(encoding="utf-8")
        for constant in re.findall(r"`(?:\w+\.)?(_?[A-Z]{3,}[A-Z_]*)`", content):
            assert re.search(rf"^ *{constant}\b.* = ", source, re.MULTILINE), f"{path} has no {constant}"
            checked += 1
    assert checked > 10
