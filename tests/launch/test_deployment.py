"""The files that run gatebench on several machines: they agree with the pinned versions and with one another."""

import json
import os
import re
import signal
import stat
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml

from tests.paths import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CLUSTER: dict[str, Any] = yaml.safe_load((ROOT / "launch" / "cluster.yaml").read_text(encoding="utf-8"))
RESOURCES: list[dict[str, Any]] = list(
    yaml.safe_load_all((ROOT / "launch" / "kubernetes.yaml").read_text(encoding="utf-8"))
)
DOCKERFILE = (ROOT / "launch" / "Dockerfile").read_text(encoding="utf-8")
SLURM = ROOT / "launch" / "slurm.sh"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMAGE = f"gatebench:{PROJECT['version']}"
PINNED = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))


def ray_job() -> dict[str, Any]:
    (job,) = [resource["spec"] for resource in RESOURCES if resource["kind"] == "RayJob"]
    return dict(job)


def pods() -> list[dict[str, Any]]:
    cluster = ray_job()["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def texts(value: object) -> Iterator[str]:
    """Yield all texts in nested YAML."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    else:
        yield str(value)


def test_the_image_has_the_pinned_versions() -> None:
    assert "--constraint /source/constraints.txt" in DOCKERFILE
    python = re.search(r"^FROM python:(3\.\d+)\.\d+-slim-bookworm$", DOCKERFILE, re.MULTILINE)
    assert python is not None
    assert f"Programming Language :: Python :: {python[1]}" in PROJECT["classifiers"]
    packages = re.search(r"/source\[([a-z,]+)\]", DOCKERFILE)
    assert packages is not None
    assert set(packages[1].split(",")) <= PROJECT["optional-dependencies"].keys()
    for folder in re.findall(r"^COPY (\w+) /source", DOCKERFILE, re.MULTILINE):
        assert (ROOT / folder).is_dir()


def test_all_files_name_one_image() -> None:
    assert f"--tag {IMAGE} " in DOCKERFILE
    ours = [service["image"] for name, service in COMPOSE["services"].items() if name != "postgres"]
    assert set(ours) == {IMAGE}
    assert {container["image"] for pod in pods() for container in pod["containers"]} == {IMAGE}


def test_every_other_image_is_pinned() -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", COMPOSE["services"]["postgres"]["image"])


def test_kubernetes_names_the_pinned_ray() -> None:
    assert ray_job()["rayClusterSpec"]["rayVersion"] == PINNED["ray"] == ray.__version__


def test_the_cluster_launcher_installs_the_pinned_versions() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = Path(ray.__file__).with_name("autoscaler") / "ray-schema.json"
    jsonschema.validate(CLUSTER, json.loads(schema.read_text(encoding="utf-8")))
    assert any("--constraint ~/gatebench/constraints.txt" in command for command in CLUSTER["setup_commands"])
    for commands in ("head_start_ray_commands", "worker_start_ray_commands"):
        (start,) = [command for command in CLUSTER[commands] if "ray start" in command]
        assert "RAY_AUTH_MODE=token ray start" in start
    assert "chmod 600 ~/.ray/auth_token" in CLUSTER["setup_commands"]


def test_compose_requires_its_secrets() -> None:
    services = COMPOSE["services"]
    required = {
        "postgres": ("POSTGRES_PASSWORD", "GATEBENCH_DB_PASSWORD"),
        "mlflow": ("PGPASSWORD", "GATEBENCH_DB_PASSWORD"),
        "ray-head": ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN"),
        "ray-worker": ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN"),
    }
    assert services.keys() == required.keys()
    for name, (key, variable) in required.items():
        assert services[name]["environment"][key].startswith(f"${{{variable}:?")
    assert services["ray-head"]["environment"]["RAY_AUTH_MODE"] == "token"
    for text in texts(COMPOSE):
        assert not re.search(r"://[^/\s]*:[^/\s]*@", text), "a password in an address"
        assert not re.search(r"\$\{\w+(:?-|\})", text), "a variable that may be empty"


def test_compose_publishes_only_on_this_machine() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:5000:5000"]
    assert COMPOSE["networks"]["database"] == {"internal": True}
    assert COMPOSE["services"]["postgres"]["networks"] == ["database"]
    assert COMPOSE["services"]["mlflow"]["networks"] == ["database", "cluster"]


def test_the_health_check_of_the_server_asks_the_api_by_the_name_that_trials_use() -> None:
    server = COMPOSE["services"]["mlflow"]
    tracking_uri = COMPOSE["services"]["ray-worker"]["environment"]["MLFLOW_TRACKING_URI"]
    probe = server["healthcheck"]["test"][-1]
    assert f'"{tracking_uri}/api/2.0/mlflow/experiments/search"' in probe
    allowed = re.search(r"--allowed-hosts (\S+)", server["command"])
    assert allowed is not None
    assert tracking_uri.removeprefix("http://") in allowed[1].split(",")
    compile(probe, "probe", "exec")


def test_every_service_is_checked_before_others_depend_on_it() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert service["healthcheck"]["test"]
        for name, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert name in services
        for mount in service.get("volumes", []):
            assert mount.partition(":")[0] in COMPOSE["volumes"]


def test_the_job_of_kubernetes_has_the_required_keys() -> None:
    job = ray_job()
    assert job["entrypoint"].startswith("gatebench sweep ")
    assert job["entrypoint"].endswith("ray_address=auto")
    cluster = job["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    claims = {resource["metadata"]["name"] for resource in RESOURCES if resource["kind"] == "PersistentVolumeClaim"}
    folders = dict(re.findall(r"(GATEBENCH_\w+)=(\S+)", DOCKERFILE))
    for pod in pods():
        volumes = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]}
        assert set(volumes.values()) == claims
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == set(folders.values())
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        (address,) = [one for one in container["env"] if one["name"] == "MLFLOW_TRACKING_URI"]
        assert "secretKeyRef" in address["valueFrom"]
    for group in cluster["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


FAKES = {
    # gatebench: a short sweep ends after the workers have started, so that the log always has their command.
    # srun: the options end at the first word that is no option; the rest is the command.
    "srun": 'echo "srun $*" >> "$LOG"; while [[ "$1" == --* ]]; do shift; done; exec "$@"',
    "ray": 'echo "ray $* mode=$RAY_AUTH_MODE" >> "$LOG"\n'
    'case "$1" in status) [[ -e "$LOG.started" ]];; start) touch "$LOG.started"; exec sleep 60;; esac',
    "scontrol": 'echo "scontrol $*" >> "$LOG"',
    "gatebench": 'echo "gatebench $*" >> "$LOG"; stat --format="token %a" "$RAY_AUTH_TOKEN_PATH" >> "$LOG"\n'
    "trap 'echo checkpoint >> \"$LOG\"; exit 130' TERM\n"
    'workers_start() { [[ "$SLURM_JOB_NUM_NODES" == 1 ]] || grep --quiet "^ray start --block --address" "$LOG"; }\n'
    'if [[ "$*" == *quick* ]]; then until workers_start; do sleep 0.05; done; exit "${CODE:-0}"; fi\n'
    'touch "$LOG.training"; while true; do sleep 0.05; done',
}


@pytest.fixture
def slurm(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which Slurm, Ray and gatebench are small scripts that write to a log."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, script in FAKES.items():
        (bin_folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (bin_folder / name).chmod(0o755)
    return {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "GATEBENCH_HOME": str(tmp_path / "runs"),
        "GATEBENCH_DATA": str(tmp_path),
        "GATEBENCH_START_SECONDS": "30",
        "SLURM_JOB_ID": str(10**9 + os.getpid()),
        "SLURM_JOB_NUM_NODES": "3",
        "SLURMD_NODENAME": "first",
    }


def started(slurm: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", str(SLURM), *arguments], env=slurm, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(script: subprocess.Popen[str]) -> int:
    """Return the exit code of the script after its end."""
    script.communicate(timeout=60)
    return script.returncode


def nothing_is_left(slurm: dict[str, str], script: subprocess.Popen[str]) -> bool:
    """Return whether the token is gone, and soon no process of the script's session runs."""
    end = time.monotonic() + 60
    while has_processes(script) and time.monotonic() < end:
        time.sleep(0.05)
    return not has_processes(script) and not list(Path(slurm["GATEBENCH_HOME"]).glob("ray_token*"))


def has_processes(script: subprocess.Popen[str]) -> bool:
    """Return whether a process of the script's session runs."""
    states = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()  # state, parent, group, session
            states += [fields[0]] if fields[3] == str(script.pid) else []
    return not set(states) <= {"Z"}


def log(slurm: dict[str, str]) -> str:
    return Path(slurm["LOG"]).read_text()


def test_slurm_runs_a_sweep_on_all_nodes(slurm: dict[str, str]) -> None:
    script = started(slurm, "experiment=quickstart")
    assert ended(script) == 0
    text = log(slurm)
    assert "srun --nodes=1 --ntasks=1 --nodelist=first ray start --head" in text
    assert "srun --nodes=2 --ntasks=2 --exclude=first ray start --block --address=" in text
    address = re.search(r"gatebench sweep experiment=quickstart ray_address=([\d.]+:\d+)", text)
    assert address is not None
    assert f"ray start --block --address={address[1]} mode=token" in text
    assert "token 600" in text
    assert "scontrol" not in text
    assert nothing_is_left(slurm, script)


def test_slurm_returns_the_code_of_a_sweep_that_fails(slurm: dict[str, str]) -> None:
    script = started({**slurm, "CODE": "1", "SLURM_JOB_NUM_NODES": "1"}, "experiment=quickstart")
    assert ended(script) == 1
    assert "scontrol" not in log(slurm)
    assert "--exclude" not in log(slurm)
    assert nothing_is_left(slurm, script)


def test_slurm_saves_checkpoints_and_requeues_before_the_time_limit(slurm: dict[str, str]) -> None:
    script = started(slurm, "experiment=long")
    end = time.monotonic() + 60
    while not Path(f"{slurm['LOG']}.training").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    script.send_signal(signal.SIGTERM)
    assert ended(script) == 130
    assert "checkpoint" in log(slurm)
    assert f"scontrol requeue {slurm['SLURM_JOB_ID']}" in log(slurm)
    assert nothing_is_left(slurm, script)
    assert "#SBATCH --signal=B:TERM@" in SLURM.read_text()
    assert "#SBATCH --requeue" in SLURM.read_text()


def test_slurm_says_that_ray_does_not_start(slurm: dict[str, str]) -> None:
    ray_script = Path(slurm["PATH"].partition(":")[0]) / "ray"
    ray_script.write_text("#!/usr/bin/env bash\nexit 1\n")
    script = started({**slurm, "GATEBENCH_START_SECONDS": "0"}, "experiment=quickstart")
    _, errors = script.communicate(timeout=60)
    assert script.returncode == 1
    assert "Ray's head has not started in 0 seconds" in errors
    assert nothing_is_left(slurm, script)


@pytest.mark.parametrize("variable", ["GATEBENCH_HOME", "GATEBENCH_DATA", "SLURM_JOB_ID"])
def test_slurm_says_which_variable_is_missing(slurm: dict[str, str], variable: str) -> None:
    del slurm[variable]
    script = started(slurm)
    _, errors = script.communicate(timeout=60)
    assert script.returncode != 0
    assert variable in errors


def test_the_script_of_slurm_can_be_run() -> None:
    assert SLURM.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", SLURM], check=False).returncode == 0


@pytest.mark.parametrize("name", ["ray", "slurm", "kubernetes", "compose"])
def test_each_way_has_a_page(name: str) -> None:
    page = (ROOT / "docs" / "cluster" / f"{name}.md").read_text(encoding="utf-8")
    file = {"ray": "launch/cluster.yaml", "slurm": "launch/slurm.sh", "kubernetes": "launch/kubernetes.yaml"}
    assert file.get(name, "compose.yaml") in page
