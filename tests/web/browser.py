"""A tab of a headless Chromium with the editor's page."""

import base64
import io
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import Page

from data_pipeline.labels import CLASSES
from data_pipeline.synthetic_faces import face, render
from maskgan_jax.photos.files import read_label_map
from maskgan_jax.web.api import Api
from maskgan_jax.web.app import make_app


def find_chromium() -> str | None:
    """Return the path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def serving(api: Api) -> Iterator[str]:
    """Serve in a thread of this process; yield the address."""
    server = uvicorn.Server(uvicorn.Config(make_app(api), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def write_face(path: Path, *indices: int) -> Path:
    """Write a photo of synthetic faces side by side."""
    faces = [render(face(0, index).geometry, face(0, index).style, 256)[0] for index in indices]
    Image.fromarray(np.concatenate(faces, axis=1)).save(path)
    return path


def label(name: str) -> int:
    """Return the label of a class."""
    return CLASSES.index(name)


class Tab:
    """The page, used as a person does: by pointer, keys and buttons. Points are (column, row) of the mask.

    Attributes:
      page: Playwright's.
      address: of the server.
      size: height and width of the mask.
      requests: the addresses of all that the page asked for.
    """

    def __init__(self, page: Page, address: str, size: int, folder: Path):
        self.page, self.address, self.size, self._folder, self.requests = page, address, size, folder, []
        self._errors = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.reload()

    def reload(self) -> None:
        """Open the page anew."""
        self.page.goto(self.address)
        self.settle()

    def settle(self) -> None:
        """Wait until everything that was asked of the server is done."""
        self.page.wait_for_selector("body[aria-busy=false]", timeout=60_000)
        assert not self._errors

    def tool(self, name: str) -> None:
        """Choose a tool."""
        self.page.click(f"button[data-tool={name}]")

    def choose(self, name: str) -> None:
        """Choose a class by its name."""
        self.page.click(f"#palette button[title={name}]")

    def brush(self, width: int) -> None:
        """Set the brush's width in pixels of the mask."""
        self.page.fill("#brush-size", str(width))

    def slide(self, name: str, value: int) -> None:
        """Set a slider by its id."""
        self.page.fill(f"#{name}", str(value))
        self.settle()

    def press(self, keys: str) -> None:
        """Press keys together."""
        self.page.keyboard.press(keys)
        self.settle()

    def click_canvas(self, x: float, y: float) -> None:
        """Click at a part of the canvas's width and height."""
        box = self.page.locator("#mask-canvas").bounding_box()
        self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.settle()

    def click(self, point: tuple[int, int]) -> None:
        """Click the middle of a pixel of the mask."""
        self.click_canvas((point[0] + 0.5) / self.size, (point[1] + 0.5) / self.size)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag from the middle of one pixel of the mask to that of another."""
        box = self.page.locator("#mask-canvas").bounding_box()
        places = [
            (box["x"] + (column + 0.5) / self.size * box["width"], box["y"] + (row + 0.5) / self.size * box["height"])
            for column, row in (start, end)
        ]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        self.page.mouse.move(*places[1], steps=4)
        self.page.mouse.up()
        self.settle()

    def choose_file(self, button: str, path: Path) -> None:
        """Click what opens a file dialog, and choose a file in it."""
        with self.page.expect_file_chooser() as chooser:
            self.page.click(button)
        chooser.value.set_files(path)
        self.settle()

    def open_photo(self, path: Path, wait: bool = True) -> None:
        """Open a photo to edit."""
        with self.page.expect_file_chooser() as chooser:
            self.page.click("button.open[data-slot=photo]")
        with self.page.expect_response("**/api/photos*"):
            chooser.value.set_files(path)
        if wait:
            self.settle()

    def paste(self, path: Path, wait: bool = True) -> None:
        """Paste a picture from the clipboard."""
        content = base64.b64encode(path.read_bytes()).decode()
        self.page.evaluate(
            """(content) => {
              const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
              const clipboard = new DataTransfer();
              clipboard.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
              document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard }));
            }""",
            content,
        )
        if wait:
            self.settle()

    def save(self, button: str, path: Path) -> Path:
        """Click a download button and keep the file."""
        with self.page.expect_download() as download:
            self.page.click(button)
        download.value.save_as(path)
        return path

    def picture(self, button: str) -> np.ndarray:
        """Return the pixels of a picture that a button downloads."""
        return np.asarray(Image.open(self.save(button, self._folder / "download.png")))

    def mask(self) -> np.ndarray:
        """Return the mask that is painted on."""
        return read_label_map(self.save("#save-mask", self._folder / "painted.png"))

    def result(self) -> np.ndarray:
        """Return the picture that was generated."""
        return self.picture("#save-result")

    def canvas(self, name: str, size: int) -> np.ndarray:
        """Return what a canvas shows, scaled down, as integers (size size 3)."""
        url = self.page.evaluate("(name) => document.getElementById(name).toDataURL()", name)
        shown = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
        return np.asarray(shown.resize((size, size), Image.Resampling.BOX)).astype(int)
