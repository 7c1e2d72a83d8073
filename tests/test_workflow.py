"""The workflow for those who fork: what `.ci/run` and the README do; long tests at night."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / ".github" / "workflows" / "course.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


AT_NIGHT = "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'"
BY_DAY = AT_NIGHT.replace("==", "!=").replace("||", "&&")


def commands(condition):
    """What the jobs run that GitHub starts on this condition."""
    jobs = [job for job in WORKFLOW["jobs"].values() if job.get("if") == condition]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_a_change_runs_the_readmes_two_commands_and_no_others():
    assert commands(BY_DAY) == ["make test", "make book"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make book " in readme
    assert "make test " in readme


def test_the_long_tests_run_on_a_schedule():
    assert commands(AT_NIGHT) == ["make nightly"]
    assert WORKFLOW[True]["schedule"], "YAML reads the key 'on' as true"
    assert sum("run" in step for step in STEPS) == 3


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


@pytest.mark.parametrize(("job", "minutes"), [("test", 60), ("book", 90), ("nightly", 300)])
def test_a_hanging_job_ends(job, minutes):
    assert WORKFLOW["jobs"][job]["timeout-minutes"] <= minutes
