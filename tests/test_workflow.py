"""The workflow for those who fork: it does what `.ci/run` and the README do, and nothing else."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / ".github" / "workflows" / "course.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_it_runs_the_readmes_two_commands_and_no_others():
    assert [step["run"] for step in STEPS if "run" in step] == ["make test", "make book"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make book " in readme
    assert "make test " in readme


def test_it_tests_with_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "exec make test" in script


def test_every_action_is_pinned_to_a_commit_with_its_version():
    used = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert len(used) >= 8
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_only_publishing_may_write_and_only_from_main():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    writing = [name for name, job in WORKFLOW["jobs"].items() if "permissions" in job]
    assert writing == ["publish"]
    publish = WORKFLOW["jobs"]["publish"]
    assert publish["if"] == "github.ref == 'refs/heads/main'"
    assert publish["needs"] == ["test", "book"]


@pytest.mark.parametrize("job", ["test", "book"])
def test_a_hanging_job_ends(job):
    assert WORKFLOW["jobs"][job]["timeout-minutes"] <= 90
