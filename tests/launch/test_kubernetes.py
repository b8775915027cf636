"""The Kubernetes manifest and its image: what belongs together agrees, and every flag is real."""

import importlib
import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict]:
    """By kind."""
    documents = yaml.safe_load_all((PROJECT / "launch/kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def job(manifest) -> dict:
    return manifest["Job"]["spec"]


@pytest.fixture(scope="module")
def pod(job) -> dict:
    return job["template"]["spec"]


@pytest.fixture(scope="module")
def arguments(pod) -> dict[str, str]:
    """The training command's, by name."""
    (container,) = pod["containers"]
    return dict(argument.removeprefix("--").split("=", 1) for argument in container["args"])


def test_every_flag_is_one_of_the_training_command(arguments):
    flags = re.findall(r'DEFINE_\w+\(\s*"(\w+)"', (PROJECT / "maskgan_jax/main.py").read_text())
    path, _, variant = arguments["config"].partition(":")
    config = importlib.import_module(path.removesuffix(".py").replace("/", ".")).get_config(variant)
    for name in arguments:
        if name.startswith("config."):
            config.get_ref(name.removeprefix("config."))
        else:
            assert name in flags


def test_every_pod_is_a_process_and_joins_the_first(manifest, job, pod, arguments):
    assert job["completionMode"] == "Indexed"
    assert job["completions"] == job["parallelism"] == int(arguments["num_processes"])
    assert arguments["process_id"] == "$(JOB_COMPLETION_INDEX)"
    service, name = manifest["Service"], manifest["Job"]["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    assert pod["subdomain"] == service["metadata"]["name"]
    host, port = arguments["coordinator_address"].split(":")
    assert host == f"{name}-0.{pod['subdomain']}"
    assert 1024 <= int(port) < 32768


def test_the_batch_is_split_evenly(arguments, pod, job):
    gpus = pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"]
    assert int(arguments["config.batch_size"]) % (gpus * job["parallelism"]) == 0


def test_a_saved_run_is_started_again_and_a_users_error_is_not(job, pod):
    assert pod["restartPolicy"] == "Never"  # what a podFailurePolicy asks for
    by_status = {
        status: rule["action"]
        for rule in job["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
        for status in rule["onExitCodes"]["values"]
    }
    assert by_status == {75: "Ignore", 1: "FailJob", 2: "FailJob"}
    names = {rule["onExitCodes"]["containerName"] for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule}
    assert names == {container["name"] for container in pod["containers"]}


def test_data_and_runs_are_on_the_claimed_volume(manifest, pod):
    claim = manifest["PersistentVolumeClaim"]["metadata"]["name"]
    (volume,) = (
        entry["name"] for entry in pod["volumes"] if entry.get("persistentVolumeClaim") == {"claimName": claim}
    )
    mounts = {entry["mountPath"] for entry in pod["containers"][0]["volumeMounts"] if entry["name"] == volume}
    workdir = re.search(r"^WORKDIR (\S+)", containerfile(), re.MULTILINE).group(1)
    assert mounts == {f"{workdir}/data", f"{workdir}/runs"}


def test_the_image_holds_what_training_needs_and_starts_it(pod):
    copied = [name for names in re.findall(r"^COPY (.+) \S+$", containerfile(), re.MULTILINE) for name in names.split()]
    assert all((PROJECT / name).exists() for name in copied)
    assert {"configs", "data_pipeline", "maskgan_jax", "launch/constraints.txt"} <= set(copied)
    assert 'ENTRYPOINT ["python", "-m", "maskgan_jax.main"]' in containerfile()
    assert "command" not in pod["containers"][0]
    uid = re.search(r"--uid=(\d+)", containerfile()).group(1)
    assert int(uid) == pod["securityContext"]["runAsUser"]


def containerfile() -> str:
    return (PROJECT / "launch/Containerfile").read_text()
