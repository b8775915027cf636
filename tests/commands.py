"""Commands as a user starts them."""

import os
import subprocess
import sys


def run_command(module: str, *arguments: str, devices: int = 1) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments` on that many CPU devices; output as text."""
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True, check=False
    )
