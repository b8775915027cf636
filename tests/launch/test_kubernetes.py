"""The Kubernetes manifest and its image: what the pods run, with the rules of Kubernetes applied to the manifest."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import yaml

PROJECT = Path(__file__).parent.parent.parent
CONTAINERFILE = (PROJECT / "launch/Containerfile").read_text()

# Parse arguments as the entry point does, and print what training would use.
PARSE = """
import importlib, json, os, sys
from absl import flags
importlib.import_module(sys.argv.pop(1))
importlib.import_module("maskgan_jax.training.loop")  # the command imports it when it begins to train
flags.FLAGS(sys.argv)
values = flags.FLAGS.flag_values_dict()
config = values["config"]
print(json.dumps({
    "coordinator_address": values["coordinator_address"],
    "num_processes": values["num_processes"],
    "process_id": values["process_id"],
    "batch_size": config.batch_size,
    "data": config.data.directory,
    "workdir": values["workdir"] or f"runs/{config.name}",
    "code": {name: os.path.abspath(sys.modules[name].__path__[0])
             for name in ("maskgan_jax", "data_pipeline", "configs")},
}))
"""


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict]:
    """Return the manifest's documents by kind."""
    documents = yaml.safe_load_all((PROJECT / "launch/kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def job(manifest) -> dict:
    return manifest["Job"]["spec"]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """Return the folder that the Containerfile's COPY instructions make of the files that .dockerignore admits."""
    folder = tmp_path_factory.mktemp("image")
    admitted = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            assert source in admitted
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (folder / target).mkdir(exist_ok=True)
                shutil.copy(PROJECT / source, folder / target)
    return folder


@pytest.fixture(scope="module")
def last_pod(job, image) -> dict:
    """Return what the command of the pod with the highest index parses its arguments to, in the image's folder."""
    (container,) = job["template"]["spec"]["containers"]
    python, option, module = json.loads(re.search(r"^ENTRYPOINT (.+)$", CONTAINERFILE, re.MULTILINE).group(1))
    assert (python, option) == ("python", "-m")
    index = str(job["completions"] - 1)
    arguments = [argument.replace("$(JOB_COMPLETION_INDEX)", index) for argument in container["args"]]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", PARSE, module, *arguments]
    done = subprocess.run(command, cwd=image, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_image_contains_the_code_that_training_imports(last_pod, image):
    assert last_pod["code"] == {name: str(image / name) for name in ("maskgan_jax", "data_pipeline", "configs")}


@pytest.mark.slow
def test_the_pods_are_the_processes_of_one_run(last_pod, job):
    assert job["parallelism"] == job["completions"] == last_pod["num_processes"]
    assert last_pod["process_id"] == last_pod["num_processes"] - 1  # processes are numbered from 0


@pytest.mark.slow
def test_the_coordinator_is_the_first_pod(last_pod, manifest, job):
    # DNS names of an Indexed Job's pods: <job>-<index>.<subdomain>, if a headless Service of that name selects them.
    name, subdomain = manifest["Job"]["metadata"]["name"], job["template"]["spec"]["subdomain"]
    service = manifest["Service"]
    assert job["completionMode"] == "Indexed"
    assert service["spec"]["clusterIP"] == "None"
    assert service["metadata"]["name"] == subdomain
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}  # a label that Kubernetes sets on pods
    assert service["spec"]["publishNotReadyAddresses"]  # processes connect before any pod is ready
    host, port = last_pod["coordinator_address"].split(":")
    assert host == f"{name}-0.{subdomain}"
    assert 1024 <= int(port) < 32768  # usable without root, below Linux's ephemeral ports


@pytest.mark.slow
def test_the_batch_divides_over_all_gpus(last_pod, job):
    (container,) = job["template"]["spec"]["containers"]
    gpus = container["resources"]["limits"]["nvidia.com/gpu"] * last_pod["num_processes"]
    assert last_pod["batch_size"] % gpus == 0


@pytest.mark.slow
def test_data_and_run_folder_are_on_the_claimed_volume(last_pod, manifest, job):
    claim = manifest["PersistentVolumeClaim"]["metadata"]["name"]
    spec = job["template"]["spec"]
    volumes = [
        volume["name"] for volume in spec["volumes"] if volume.get("persistentVolumeClaim") == {"claimName": claim}
    ]
    mounts = [
        PurePosixPath(mount["mountPath"]) for mount in spec["containers"][0]["volumeMounts"] if mount["name"] in volumes
    ]
    root = PurePosixPath(re.search(r"^WORKDIR (\S+)", CONTAINERFILE, re.MULTILINE).group(1))
    for path in (root / last_pod["data"], root / last_pod["workdir"]):
        assert any(path.is_relative_to(mount) for mount in mounts)


def action(job: dict, status: int) -> str:
    """Return what the Job controller does about a container that exits with a status: the first rule that matches."""
    for rule in job["podFailurePolicy"]["rules"]:
        codes = rule.get("onExitCodes", {"operator": "In", "values": []})
        assert codes.get("containerName", "train") == job["template"]["spec"]["containers"][0]["name"]
        if (status in codes["values"]) == (codes["operator"] == "In"):
            return rule["action"]
    return "Count"  # the default: the failure counts towards backoffLimit


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (os.EX_TEMPFAIL, "Ignore"),  # interrupted and saved
        (1, "FailJob"),  # an error of the user
        (2, "FailJob"),  # a usage error
        (128 + 9, "Count"),  # out of memory
        (128 + 6, "Count"),  # terminated by JAX after another process failed
    ],
)
def test_exit_status_decides_whether_a_pod_is_replaced(job, status, expected):
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # required by podFailurePolicy
    assert action(job, status) == expected
