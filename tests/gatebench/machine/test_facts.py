from importlib.metadata import version

from gatebench.machine.facts import machine_facts


def test_the_facts_name_versions_machine_and_code() -> None:
    found = machine_facts()
    assert found["version/torch"] == version("torch")
    assert all(isinstance(text, str) and text for text in found.values())
    assert {"host", "processor", "cores", "commit", "version/python", "version/gatebench"} <= found.keys()
