from dataclasses import replace

import pytest

from gatebench.errors import Refusal, UserError
from gatebench.trial import Training, Trial
from launch.running.resources import (
    Resources,
    check_nodes,
    check_requests,
    fits,
    most_together,
    slots,
    task_options,
)
from tests.launch.trials import trial

SMALL, LARGE = {"CPU": 4.0, "memory": 8e9}, {"CPU": 2.0, "GPU": 1.0, "memory": 4e9, "accelerator": 2.0}


def test_a_request_that_no_machine_can_meet_is_refused() -> None:
    check_requests([{"CPU": 4.0, "GPU": 0.0}, {"CPU": 2.0, "GPU": 1.0}], [SMALL, LARGE])
    with pytest.raises(Refusal) as caught:
        check_requests([{"CPU": 4.0, "GPU": 1.0}], [SMALL, LARGE])
    assert str(caught.value) == (
        "A trial needs 4 CPUs and 1 GPU on one machine; the most that a machine has is 4 CPUs, 1 GPUs."
    )
    with pytest.raises(Refusal) as caught:
        check_requests([{"CPU": 1.0, "memory": 16e9, "tpu": 1.0}], [SMALL, LARGE])
    assert str(caught.value) == (
        "A trial needs 1 CPU and 16 GB of memory and 1 of 'tpu' on one machine; "
        "the most that a machine has is 4 CPUs, 8 GB of memory, 0 of 'tpu'."
    )


def test_a_trial_on_the_gpu_needs_one_unless_configured_otherwise() -> None:
    on_gpu = Trial(trial().cell, trial().task, training=Training(device="cuda"))
    assert Resources().of(trial()) == {"CPU": 1.0, "GPU": 0.0}
    assert Resources().of(on_gpu) == {"CPU": 1.0, "GPU": 1.0}
    assert Resources(gpus=0.25, cpus=2).of(on_gpu) == {"CPU": 2.0, "GPU": 0.25}
    assert Resources(memory=10**9, custom={"tpu": 0.5}).of(trial()) == {"CPU": 1, "GPU": 0, "memory": 1e9, "tpu": 0.5}


def test_the_options_of_a_task_reserve_the_request() -> None:
    assert task_options({"CPU": 1.0, "GPU": 0.25}) == {"num_cpus": 1.0, "num_gpus": 0.25}
    assert task_options({"CPU": 1.0, "GPU": 0.0, "memory": 2e9, "tpu": 1.0}) == {
        "num_cpus": 1.0,
        "num_gpus": 0.0,
        "memory": 2_000_000_000,
        "resources": {"tpu": 1.0},
    }


def test_the_slots_are_those_of_the_scarcest_resource_of_each_machine() -> None:
    assert slots([SMALL, LARGE], {"CPU": 1.0, "GPU": 0.0}) == 6
    assert slots([SMALL, LARGE], {"CPU": 1.0, "memory": 3e9}) == 2 + 1
    assert slots([SMALL, LARGE], {"CPU": 0.1, "GPU": 0.25}) == 4
    assert slots([SMALL, LARGE], {"CPU": 0.0}) == 0
    assert fits(LARGE, {"CPU": 2.0, "GPU": 1.0})
    assert not fits(SMALL, {"CPU": 2.0, "GPU": 1.0})


def test_each_device_has_its_cores_and_its_gpu() -> None:
    of_one = trial()
    two = replace(of_one, training=replace(of_one.training, devices=2, nodes=3))
    on_gpus = replace(two, training=replace(two.training, device="cuda"))
    assert Resources(cpus=4).of(two) == {"CPU": 8.0, "GPU": 0.0}
    assert Resources(cpus=4).of(on_gpus) == {"CPU": 8.0, "GPU": 2.0}
    assert Resources(gpus=6).of(on_gpus) == {"CPU": 2.0, "GPU": 2.0}
    with pytest.raises(UserError, match="gpus_per_trial is 2, but"):
        Resources(gpus=2).of(on_gpus)


def test_as_many_machines_as_nodes_must_have_the_resources() -> None:
    of_one = trial()
    two = replace(of_one, training=replace(of_one.training, devices=2, nodes=2))
    check_nodes([of_one, two], Resources(), [{"CPU": 2.0}, {"CPU": 4.0}])
    refusal = (
        r"training.nodes is 2, and a trial needs 2 CPUs on each of these machines; the cluster has 1 such machine\."
    )
    with pytest.raises(Refusal, match=refusal):
        check_nodes([of_one, two], Resources(), [{"CPU": 1.0}, {"CPU": 4.0}])


def test_a_process_of_several_trials_shares_a_gpu_and_no_core() -> None:
    on_gpu = replace(trial(), training=Training(device="cuda"))
    resources = Resources(cpus=2, memory=10**9, custom={"tpu": 0.5}, replicas=3)
    assert resources.of_process(trial()) == {"CPU": 6.0, "GPU": 0.0, "memory": 3e9, "tpu": 1.5}
    assert resources.of_process(trial(), 1) == resources.of(trial())
    assert resources.of_process(on_gpu) == {"CPU": 2.0, "GPU": 1.0, "memory": 3e9, "tpu": 0.5}
    on_two = replace(trial(), training=Training(devices=2))
    assert resources.of_process(on_two) == resources.of(on_two)
    assert most_together([trial(), on_two], resources) == 3
    assert most_together([on_two], resources) == 1
    assert most_together([], resources) == 1
    assert [resources.for_sweep_of(count).replicas for count in (0, 1, 2, 9)] == [1, 1, 2, 3]
    assert replace(resources, replicas="auto").for_sweep_of(1).replicas == "auto"
    with pytest.raises(Refusal, match=r"^A process with 3 trials needs 6 CPUs .* is 4 CPUs"):
        check_requests([{"CPU": 6.0}], [SMALL, LARGE], "A process with 3 trials needs")
