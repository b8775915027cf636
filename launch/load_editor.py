"""Let many people paint at once: `python -m launch.load_editor`.

Starts the editor's server on this machine, opens a photo for each client, lets all of them paint strokes without a
pause, and prints how long a stroke waits for its picture and how much memory the server holds.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from maskgan_jax.cli import at_least


def main() -> None:
    """Start the server, paint, and print one table."""
    parser = argparse.ArgumentParser(
        prog="python -m launch.load_editor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default="pretrained", help="as for maskgan_jax.serve (%(default)s)")
    parser.add_argument("--clients", type=at_least(1), default=50, help="people who paint (%(default)s)")
    parser.add_argument("--seconds", type=at_least(1), default=60, help="how long (%(default)s)")
    options = parser.parse_args()
    command = [sys.executable, "-m", "maskgan_jax.serve", f"--checkpoint={options.checkpoint}", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            if not line:
                sys.exit("error: the server did not start, see above")
            table, failures = _paint_all(line.split()[-1], server.pid, options.clients, options.seconds)
        finally:
            server.terminate()
    print(table)
    if failures:
        sys.exit(f"error: {len(failures)} strokes failed, such as: {failures[0]}")


def _paint_all(address: str, server: int, clients: int, seconds: int) -> tuple[str, list[str]]:
    """Return a table of how long the clients waited, and what failed."""
    model = json.loads(_ask(f"{address}/api/model"))
    before = _resident(server)
    waits, failures = [], []
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_paint, args=(address, client, model["size"], end, waits, failures))
        for client in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    median, longest = (statistics.median(waits), max(waits)) if waits else (math.nan, math.nan)
    table = (
        f"{clients} clients, {seconds} s, {model['size']} px: {len(waits)} pictures, {len(failures)} failures\n"
        f"a stroke's picture after {median:.2f} s (median), {longest:.2f} s (longest)\n"
        f"memory of the server: {before / 2**20:.0f} MiB before, {_resident(server) / 2**20:.0f} MiB after"
    )
    return table, failures


def _paint(address: str, client: int, size: int, end: float, waits: list[float], failures: list[str]) -> None:
    """Paint squares of random classes until `end`; add the seconds of each wait, and each failure."""
    rng = random.Random(client)
    try:
        photo = json.loads(_ask(f"{address}/api/photos?sample={client}", b""))["photo"]
        mask = bytearray(_ask(f"{address}/api/photos/{photo}/mask"))
    except OSError as error:
        failures.append(str(error))
        return
    while time.monotonic() < end:
        row, column, label = rng.randrange(size - 8), rng.randrange(size - 8), rng.randrange(19)
        for y in range(row, row + 8):
            mask[y * size + column : y * size + column + 8] = bytes([label]) * 8
        started = time.monotonic()
        try:
            picture = _ask(f"{address}/api/photos/{photo}/edit", bytes(mask))
        except OSError as error:
            failures.append(str(error))
            continue
        if not picture.startswith(b"\x89PNG"):
            failures.append("no picture")
            continue
        waits.append(time.monotonic() - started)


def _ask(address: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=120) as answer:
        return answer.read()


def _resident(process: int) -> int:
    """Return the bytes of memory that a process holds (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    main()
