"""What those commands of `maskgan_jax.edit` do that generate many faces at once: `generate` and `augment`."""

from argparse import Namespace
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from data_pipeline.raw_layout import read_layout
from maskgan_jax.editing import augmentation
from maskgan_jax.editing.draws import draw_sources
from maskgan_jax.editing.editor import Editor, Portrait
from maskgan_jax.editing.file_commands import read_square_mask, read_subject, write
from maskgan_jax.editing.file_jobs import name_results
from maskgan_jax.photos.scaling import scale_photo

COUNT = 8
HAIR = CLASSES.index("hair")


def generate(options: Namespace) -> None:
    """Generate faces for one mask, of the parts of random reference photos."""
    editor = Editor(options.checkpoint, face_parser=options.face_parser)
    names = editor.drawn_parts(options.mix_parts)
    mask, background = _target(options, editor)
    total, open_reference = _references(options, editor, HAIR in mask)
    rows = draw_sources(total, options.count or min(COUNT, total ** len(names)), len(names), options.seed)
    files = (options.image, options.mask, options.edited_mask, *options.reference_image, *options.reference_mask)
    digits = len(str(len(rows) - 1))
    stems = [f"{number:0{digits}d}" for number in range(len(rows))]
    outs = name_results(stems, options.out, options.formats, read=[file for file in files if file])
    used, places = np.unique(rows, return_inverse=True)
    opened = [
        open_reference(place) for place in tqdm(used.tolist(), desc="reading", unit="photo", disable=len(used) < 2)
    ]
    progress = tqdm(outs, desc="generating", unit="face", disable=len(outs) < 2)
    for out, row in zip(progress, places.reshape(rows.shape), strict=True):
        sources = {name: opened[place] for name, place in zip(names, row, strict=True)}
        write(editor.assemble(mask, sources, background), out)


def augment(options: Namespace) -> None:
    """Generate a data set of faces and masks."""
    augmentation.augment(
        Editor(options.checkpoint),
        options.data,
        options.out,
        options.count,
        options.seed,
        options.mix_parts,
        options.same_attribute,
        options.keep_originals,
    )


def _target(options: Namespace, editor: Editor) -> tuple[np.ndarray, Portrait | None]:
    """Return the mask to generate faces for, and the photo whose background they get."""
    if not (options.image or options.edited_mask):
        raise UserError("--edited-mask: give the mask to generate faces for, or --image, whose own mask it is then")
    if options.mask and not options.image:
        raise UserError("--mask: that of --image; give the mask to generate faces for as --edited-mask")
    background = None
    if options.image:
        background = editor.encode(read_subject(options.image, options.mask, not options.no_align, options.face))
    return read_square_mask(options.edited_mask) if options.edited_mask else background.mask, background


def _references(options: Namespace, editor: Editor, with_hair: bool) -> tuple[int, Callable[[int], Portrait]]:
    """Return how many reference photos there are, of a data set maybe only those with hair, and what opens one."""
    if options.references:
        layout = read_layout(options.references)
        numbers = [number for number in layout.celeba_index if "hair" in layout.parts[number] or not with_hair]
        if not numbers:
            raise UserError(f"--references: {options.references} has no photo with hair, as the mask has; name another")

        def open_example(place: int) -> Portrait:
            photo = scale_photo(np.asarray(layout.read_photo(numbers[place])), editor.size)  # many are open at once
            return editor.portrait(photo, layout.read_label_map(numbers[place]))

        return len(numbers), open_example

    images, masks = options.reference_image, options.reference_mask
    if masks and len(masks) != len(images):
        raise UserError(f"--reference-mask: {len(masks)} for {len(images)} photos; every photo has its own mask")

    def open_files(place: int) -> Portrait:
        mask = masks[place] if masks else None
        return editor.encode(read_subject(images[place], mask, not options.no_align, options.reference_face))

    return len(images), open_files
