"""Serves the editor in the browser: paint on the mask of a face, get the edited photo.

  python -m maskgan_jax.serve
  python -m maskgan_jax.serve --checkpoint=runs/ebst --face-parser=runs/face_parser --port=8080

The page is at the address that is printed, and nothing that it does leaves the machine. It is reachable from this
machine alone unless --host says otherwise. Ctrl-C stops the server; photos that are open in it are not kept.
"""

import argparse
import logging
import re
import signal
import socket
from pathlib import Path

from data_pipeline.errors import UserError
from maskgan_jax.cli import ArgumentParser, at_least, run

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("", "0.0.0.0")
FOLDER = {"type": Path, "metavar": "FOLDER"}


def main(options: argparse.Namespace) -> None:
    """Load the networks and serve until interrupted.

    Raises:
      UserError: the address is in use, or a network can't be loaded.
    """
    if options.host in EVERYWHERE and not options.allowed_host:
        raise UserError(f"--host={options.host}: also give the name that browsers reach it by: --allowed-host=NAME")
    with _listen(options.host, options.port) as listening:
        import uvicorn

        from maskgan_jax.editing.editor import Editor
        from maskgan_jax.editing.exemplars import ExemplarEditor
        from maskgan_jax.inference.models import is_pretrained
        from maskgan_jax.web.api import Api
        from maskgan_jax.web.app import LOOPBACK_NAMES, make_app

        parser = options.face_parser or (options.checkpoint if is_pretrained(options.checkpoint) else None)
        folder = options.exemplar_checkpoint
        exemplars = folder and ExemplarEditor(folder, "--exemplar-checkpoint")
        editor = Editor(options.checkpoint, options.mask_vae, parser, options.fill_background)
        api = Api(editor, exemplars)
        logging.info("compiling")
        api.warm_up()
        hosts = [*LOOPBACK_NAMES, options.host, *options.allowed_host]
        server = uvicorn.Server(uvicorn.Config(make_app(api, hosts), log_level="warning", timeout_graceful_shutdown=5))
        if options.host not in LOOPBACK_NAMES:
            logging.warning(
                "--host=%s: whoever reaches this machine can use the editor; it has no password", options.host
            )
        print(f"The editor is at http://{options.host}:{listening.getsockname()[1]}", flush=True)
        # uvicorn raises Ctrl-C again once it has stopped: also where a shell started this process with it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        server.run(sockets=[listening])


def parser() -> ArgumentParser:
    """Return the parser of the command line."""
    whole = ArgumentParser(
        prog="python -m maskgan_jax.serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = whole.add_argument
    add(
        "--checkpoint",
        **FOLDER,
        default=Path("pretrained"),
        help="a run of ebst, dense_mapping, spade or portrait_editing, an export or imported weights; `pretrained`: "
        "those that come with the project, trained on synthetic faces (%(default)s)",
    )
    add(
        "--mask-vae",
        **FOLDER,
        help="a MaskVAE, for interpolation and random masks; that of the checkpoint if not given",
    )
    add("--face-parser", **FOLDER, help="parses photos; without it they start with an empty mask")
    add(
        "--exemplar-checkpoint",
        **FOLDER,
        help="a run of ebgan or att_ebgan, or an export: fills regions as another photo shows them",
    )
    add(
        "--fill-background",
        **FOLDER,
        help="a run of ebgan or att_ebgan, or an export: fills background that a mask frees; else the generator does",
    )
    add("--host", default=LOOPBACK, help="address to listen at (%(default)s: this machine alone)")
    add("--port", type=at_least(0), default=8000, help="0: any free one (%(default)s)")
    add(
        "--allowed-host",
        action="append",
        type=_host_name,
        default=[],
        metavar="NAME",
        help="another name that browsers reach it by, with a proxy's own port; * allows all, for one such as Colab's",
    )
    add(
        "--nocompilation_cache",
        dest="compilation_cache",
        action="store_false",
        help="compile anew, and keep nothing that is compiled in the user's cache folder",
    )
    return whole


def _host_name(text: str) -> str:
    if not re.fullmatch(r"\*|(\*\.)?[A-Za-z0-9_.-]+(:[0-9]+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is no host name; give one such as editor.example.org")
    return text


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address.

    Raises:
      UserError: it can't be.
    """
    try:
        return socket.create_server((host, port), reuse_port=False)
    except (OSError, OverflowError) as error:
        whole = str(getattr(error, "strerror", None) or error)
        reason = whole.partition(" (while")[0]  # the address follows, once more
        raise UserError(
            f"--host={host} --port={port}: can't listen there ({reason}); give another --host or --port"
        ) from None


if __name__ == "__main__":
    run(main, parser())
