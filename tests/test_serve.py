"""The serve command, started as a user does."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from data_pipeline.errors import UserError
from maskgan_jax import serve
from maskgan_jax.web.app import HEADERS
from maskgan_jax.web.uploads import MAX_BYTES
from tests.commands import run_command, start_command


class Server(NamedTuple):
    """A server that was started, and its port."""

    process: subprocess.Popen
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method: str, path: str, **options) -> tuple[int, bytes]:
        """Return status and body of the answer; the path is sent as it is."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, **options)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; return the exit status and what was printed since the address."""
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=60)
        return self.process.returncode, stdout, stderr


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    """Start the command at a free port, and kill it if it is still there in the end."""
    process = start_command("maskgan_jax.serve", "--port=0", *arguments)
    hangs = threading.Timer(300, process.kill)
    hangs.start()
    try:
        with process:
            line = process.stdout.readline()
            address = re.fullmatch(r"The editor is at http://127\.0\.0\.1:(\d+)\n", line)
            assert address, (line, process.communicate()[1])
            yield Server(process, int(address[1]))
            process.kill()
    finally:
        process.kill()
        hangs.cancel()


@pytest.fixture
def arguments(runs: Path) -> list[str]:
    """Options that name the tiny runs."""
    return [f"--checkpoint={runs / 'ebst'}", f"--face-parser={runs / 'face_parser'}"]


def test_ctrl_c_ends_the_server(arguments):
    with serving(*arguments) as server:
        assert server.request("GET", "/api/health")[0] == 200
        status, stdout, stderr = server.end(signal.SIGINT)
    assert (status, stdout) == (130, "")
    assert "Traceback" not in stderr
    assert stderr.splitlines()[1:] == ["interrupted"]
    assert stderr.splitlines()[0].endswith(" compiling")


def test_the_server_over_its_socket(arguments, random_runs, tmp_path, monkeypatch):
    """One start for all that a client in the same process can't show."""
    monkeypatch.chdir(tmp_path)
    with serving(*arguments, f"--exemplar-checkpoint={random_runs / 'ebgan'}") as server:
        # The page, and the API behind it.
        assert b"<!doctype html>" in server.request("GET", "/")[1].lower()
        assert json.loads(server.request("GET", "/api/model")[1])["filling"]["attributes"] == []
        opened = json.loads(server.request("POST", "/api/photos?sample=0")[1])["photo"]
        status, picture = server.request("POST", f"/api/photos/{opened}/edit", body=bytes(64 * 64))
        assert (status, picture[1:4]) == (200, b"PNG")

        # Paths that no browser sends.
        for path in ("/../../etc/passwd", "/..", "/js/../../api.py", "//etc/passwd", "/\\..\\api.py", "*"):
            status, body = server.request("GET", path)
            assert status == 404, path
            assert json.loads(body) == {"error": "Not Found"}

        # Another page's request.
        headers = {"Origin": "http://elsewhere.example"}
        assert server.request("POST", "/api/photos?sample=0", headers=headers)[0] == 403
        assert server.request("GET", "/", headers={"Host": "elsewhere.example"})[0] == 400

        # An upload that breaks off, and one that is too large and goes on after the refusal.
        with contextlib.closing(server.connect()) as connection:
            connection.putrequest("POST", "/api/photos")
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"\x89PNG")
        with contextlib.closing(server.connect()) as connection:
            connection.putrequest("POST", "/api/photos")
            connection.putheader("Content-Length", str(2**40))
            connection.endheaders(bytes(MAX_BYTES + 1))
            answer = connection.getresponse()
            assert answer.status == 413
            assert {name.decode() for name in HEADERS} <= {name.lower() for name in answer.headers}

        # Bytes that are no HTTP.
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
            raw.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
            assert raw.recv(1000).startswith(b"HTTP/1.1 400")

        assert json.loads(server.request("GET", "/api/health")[1]) == {"status": "ok", "photos": 1, "waiting": 0}
        status, stdout, stderr = server.end(signal.SIGTERM)
    assert (status, stdout) == (-signal.SIGTERM, "")
    assert "Traceback" not in stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command("maskgan_jax.serve", f"--port={port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: --host=127.0.0.1 --port={port}: can't listen there (Address already in use); "
        "give another --host or --port\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--port=70000"],
            "--port=70000: can't listen there (bind(): port must be 0-65535.); give another --host or --port",
        ),
        (["--host=192.0.2.1"], "--host=192.0.2.1 --port=8000: can't listen there"),
        (["--port=-1"], "--port: -1 is no whole number of 0 or more"),
        (["--port=x"], "--port: x is no whole number of 0 or more"),
        (["--host=0.0.0.0"], "--host=0.0.0.0: also give the name that browsers reach it by: --allowed-host=NAME"),
        (["--allowed-host=a*b"], "--allowed-host: a*b is no host name"),
        (["--nothing"], "unrecognized arguments: --nothing"),
    ],
)
def test_a_wrong_address_or_option_is_one_line(arguments, message):
    done = run_command("maskgan_jax.serve", *arguments)
    assert done.returncode in (1, 2)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


@pytest.mark.slow
def test_a_folder_without_a_run_is_one_line(tmp_path):
    done = run_command("maskgan_jax.serve", "--port=0", f"--checkpoint={tmp_path}")
    assert (done.returncode, done.stdout) == (1, "")
    (error,) = [line for line in done.stderr.splitlines() if not line.endswith(" compiling")]
    assert error.startswith("error: ")
    assert f"{tmp_path}" in error


@pytest.mark.parametrize("wrong", ["--face-parser={runs}/mask_vae", "--mask-vae={runs}/face_parser"])
def test_a_network_of_another_kind_is_one_line_before_any_visitor_comes(arguments, runs, wrong):
    options = serve.parser().parse_args(["--port=0", *arguments, wrong.format(runs=runs)])
    with pytest.raises(UserError, match=f"{wrong.partition('=')[0]} is needed") as raised:
        serve.main(options)
    assert "\n" not in str(raised.value)


def test_exemplars_need_networks_for_them(arguments, runs):
    options = serve.parser().parse_args(["--port=0", *arguments, f"--exemplar-checkpoint={runs / 'mask_vae'}"])
    with pytest.raises(UserError, match=r"--exemplar-checkpoint: the run at .* has no function encode_exemplar"):
        serve.main(options)


def test_help_imports_no_library():
    """NumPy, JAX, Pillow and Starlette take seconds to import, the help a tenth of one."""
    program = (
        "import runpy, sys\n"
        "try: runpy.run_module('maskgan_jax.serve', run_name='__main__', alter_sys=True)\n"
        "except SystemExit: pass\n"
        "print([name for name in ('absl', 'jax', 'numpy', 'PIL', 'starlette', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True)
    assert "--allowed-host" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""
