"""Commands, started as a user does."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ml_collections import ConfigDict

from maskgan_jax.runs.directory import flatten
from tests.tiny import CONFIGS


def run_command(module: str, *arguments: str, devices: int = 1) -> subprocess.CompletedProcess:
    """Run `python -m module arguments` on that many CPU devices, output as text; kill one that hangs."""
    process = start_command(module, *arguments, devices=devices)
    with process:
        try:
            stdout, stderr = process.communicate(timeout=1200)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_benchmark(module: str, results_file: Path, *arguments: str) -> tuple[dict, str]:
    """Run a benchmark; return its results and what it prints."""
    done = run_command(module, *arguments, f"--json={results_file}")
    assert done.returncode == 0, done.stderr
    return json.loads(results_file.read_text()), done.stdout


def start_command(module: str, *arguments: str, devices: int = 1) -> subprocess.Popen:
    """Start `python -m module arguments` on that many CPU devices, output as text."""
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}".strip(),
    }
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_together(
    module: str, *arguments: str, processes: int = 2, devices: int = 2
) -> list[subprocess.CompletedProcess]:
    """Run a command in several processes that join over the loopback interface, each with that many devices."""
    with ThreadPoolExecutor(processes) as pool:
        joining = joins(processes)
        return list(pool.map(lambda join: run_command(module, *arguments, *join, devices=devices), joining))


def joins(processes: int) -> list[list[str]]:
    """Return for each process the options with which it joins the others, at a free port."""
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        port = listening.getsockname()[1]
    shared = [f"--coordinator_address=localhost:{port}", f"--num_processes={processes}"]
    return [[*shared, f"--process_id={process}"] for process in range(processes)]


def wait_for(path: Path, processes: list[subprocess.Popen], timeout_s: float = 240) -> None:
    """Wait for a file that the processes are to write."""
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        ended = [process for process in processes if process.poll() is not None]
        assert not ended, ended[0].communicate()[1]
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def tiny_arguments(config: ConfigDict) -> list[str]:
    """Return the options that turn a quickstart's config into a `tiny_config`."""
    quickstart = flatten(CONFIGS[config.task].get_config("quickstart"))
    fields = {name: value for name, value in flatten(config).items() if value != quickstart[name]}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return [f"--config=configs/{config.task}.py:quickstart", *(f"--config.{k}={v}" for k, v in values.items())]
