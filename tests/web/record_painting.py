"""Record a short animation of a person painting: `python -m tests.web.record_painting --out=launch/painting.webp`."""

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from data_pipeline.labels import CLASSES
from maskgan_jax.editing.editor import Editor
from maskgan_jax.web.api import Api
from tests.web.browser import Tab, find_chromium, serving

WIDTH, HEIGHT = 1280, 640
"""Of the window in px."""
SHOWN = 800
"""Width of the animation in px."""
MILLISECONDS = 450
"""Of a frame."""
QUALITY = 70
"""Of the WebP file, 0 to 100."""


def main() -> None:
    """Paint, take a picture of the window after each stroke, and write the animation."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.record_painting", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("pretrained"), help="as for maskgan_jax.serve")
    parser.add_argument("--out", type=Path, default=Path("launch/painting.webp"), help="file to write (%(default)s)")
    options = parser.parse_args()
    editor = Editor(options.checkpoint, face_parser=options.checkpoint)
    with serving(Api(editor)) as address, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        frames = record(Tab(page, address, editor.size, Path(folder)))
        browser.close()
    first, *others = frames
    first.save(
        options.out, "WEBP", save_all=True, append_images=others, duration=MILLISECONDS, quality=QUALITY, method=6
    )


def record(tab: Tab) -> list[Image.Image]:
    """Return the window after each of a few strokes: longer hair, a hat, a smile, glasses, another style."""
    frames = []

    def take(times: int = 1) -> None:
        shot = Image.open(io.BytesIO(tab.page.screenshot())).convert("RGB")
        frames.extend([shot.resize((SHOWN, SHOWN * HEIGHT // WIDTH), Image.Resampling.LANCZOS)] * times)

    take(2)
    rows, columns = np.nonzero(tab.mask() == CLASSES.index("hair"))
    bottom, left, right = rows.max(), columns.min(), columns.max()
    tab.choose("hair")
    tab.brush(tab.size // 9)
    for column in (left + 2, right - 2):
        for step in range(3):
            tab.drag((column, bottom - 4 + 8 * step), (column, bottom + 4 + 8 * step))
            take()
    tab.choose("hat")
    top = int(rows.min())
    for step in range(3):
        tab.drag((left + 4, top + 4 * step), (right - 4, top + 4 * step))
        take()
    for part in ("smile", "glasses"):
        tab.page.click(f"button[data-part={part}]")
        tab.settle()
        take(2)
    for strength in (50, 100):
        tab.slide("strength", strength)
        take(2)
    return frames


if __name__ == "__main__":
    main()
