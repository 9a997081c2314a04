import json
import re
import subprocess
import sys

from gatebench.records.mlflow_app import FIRST_VALUES, with_first_values
from tests.paths import ROOT


def test_the_page_sets_the_values_that_a_browser_lacks() -> None:
    page = with_first_values("<!doctype html><html><head><title>MLflow</title></head><body></body></html>")
    assert page.startswith("<!doctype html><html><head><script>if(localStorage.getItem(")
    assert page.endswith("</script><title>MLflow</title></head><body></body></html>")
    calls = re.findall(r'localStorage\.setItem\(("(?:[^"\\]|\\.)*"),("(?:[^"\\]|\\.)*")\)', page)
    assert {json.loads(key): json.loads(json.loads(value)) for key, value in calls} == FIRST_VALUES
    assert page.count("===null") == len(FIRST_VALUES)


def test_another_page_stays_as_it_is() -> None:
    assert with_first_values("no page") == "no page"


def test_the_server_changes_its_start_page_and_nothing_else() -> None:
    """The application is made in a process of its own, because MLflow's modules keep state."""
    code = """
from gatebench.records.mlflow_app import create_app
create_app()
from mlflow.server import app
client = app.test_client()
page, health, script = client.get("/"), client.get("/health"), client.get("/static-files/index.html")
assert b"workflowType" in page.data.partition(b"<meta")[0], page.data
assert int(page.headers["Content-Length"]) == len(page.data)
assert health.data == b"OK"
assert script.status_code == 200 and b"workflowType" not in script.data
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, timeout=120)
