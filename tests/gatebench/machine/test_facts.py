from importlib.metadata import version

from gatebench.machine.facts import facts


def test_the_facts_name_versions_machine_and_code() -> None:
    found = facts()
    assert found["version/torch"] == version("torch")
    assert all(isinstance(text, str) and text for text in found.values())
    assert {"host", "processor", "cores", "commit", "version/python", "version/gatebench"} <= found.keys()
