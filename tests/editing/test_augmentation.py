"""A generated data set: what is in it, that the data pipeline reads it, and what is refused."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.prepare import prepare
from data_pipeline.raw_layout import MAPPING, read_layout
from data_pipeline.synthetic_faces import write
from maskgan_jax.editing.augmentation import RECORD, augment
from maskgan_jax.editing.editor import Editor
from tests.data_pipeline.batches import first_batches

pytestmark = pytest.mark.slow

FACES, GENERATED = 20, 10
"""Of the faces 0 to 19 those that end in 8 are for validation, in 9 for testing (`synthetic_faces.splits`)."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A raw data directory of synthetic faces, larger than what is generated."""
    folder = tmp_path_factory.mktemp("augmentation") / "faces"
    write(folder, count=FACES, size=96, seed=0)
    return folder


@pytest.fixture(scope="module")
def generated(data, portrait_editor) -> Path:
    """Ten faces, more than are generated at once, with the parts of several others."""
    out = data.parent / "generated"
    augment(portrait_editor, data, out, count=GENERATED, seed=3, mix_parts=True)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path) -> list[dict[str, int]]:
    """Return what the record says of each generated example."""
    names, *rows = (line.split("\t") for line in (folder / RECORD).read_text().splitlines())
    return [dict(zip(names, map(int, row), strict=True)) for row in rows]


def as_jpeg(photo: np.ndarray) -> np.ndarray:
    with io.BytesIO() as stream:
        Image.fromarray(photo).save(stream, "JPEG", quality=95, subsampling="4:4:4")
        return np.asarray(Image.open(stream))


def test_photos_are_what_the_editor_assembles_for_the_masks(data, generated, portrait_editor):
    original, layout = read_layout(data), read_layout(generated)
    portraits = {
        index: portrait_editor.portrait(np.asarray(original.read_photo(index)), original.read_label_map(index))
        for index in range(FACES)
    }
    assert len(rows_of(generated)) == GENERATED
    for row in rows_of(generated):
        target = portraits[row["mask"]]
        sources = {name: portraits[row[name]] for name in ("skin", "hair", "eyes", "mouth")}
        mask = target.background[1][0]
        np.testing.assert_array_equal(layout.read_label_map(row["idx"]), mask)
        expected = as_jpeg(portrait_editor.assemble(mask, sources, target)).astype(int)
        difference = np.abs(np.asarray(layout.read_photo(row["idx"])) - expected)
        assert difference.mean() < 0.1, "but for the rounding of a batch"


def test_masks_and_styles_are_of_training_faces(generated):
    for row in rows_of(generated):
        numbers = {row[name] for name in ("mask", "skin", "hair", "eyes", "mouth")}
        assert not {number for number in numbers if number % 10 >= 8}
        assert row["mask"] not in {row[name] for name in ("skin", "hair", "eyes", "mouth")}


def test_masks_with_hair_get_no_part_of_a_face_without(data, generated):
    has_hair = {index: "hair" in parts for index, parts in read_layout(data).parts.items()}
    assert not all(has_hair.values())
    for row in rows_of(generated):
        assert {has_hair[row[name]] for name in ("skin", "hair", "eyes", "mouth")} == {has_hair[row["mask"]]}


def test_a_face_parser_trains_on_it_and_is_evaluated_on_photos(data, generated):
    builder = prepare(generated, 64)
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {
        "train": GENERATED, "validation": 2, "test": 2
    }  # fmt: skip
    entries = ("image_t", "mask_t")
    batch, *_ = first_batches(1, builder, "train", entries=entries, batch_size=4, seed=0, flip=False)
    layout = read_layout(generated)
    for index, photo, mask in zip(batch["index"], batch["image_t"], batch["mask_t"], strict=True):
        np.testing.assert_array_equal(photo, np.asarray(layout.read_photo(int(index))))
        np.testing.assert_array_equal(mask, layout.read_label_map(int(index)))

    original = prepare(data, 64)
    held_out, same = (
        {int(each["index"]): each["mask"] for each in one.as_data_source("validation")} for one in (builder, original)
    )
    assert held_out.keys() == same.keys() == {8, 18}
    for index in same:
        np.testing.assert_array_equal(held_out[index], same[index])


def test_the_same_seed_writes_the_same_bytes_and_originals_are_added_on_request(
    data, generated, portrait_editor, tmp_path
):
    out = tmp_path / "again"
    augment(portrait_editor, data, out, count=GENERATED, seed=3, mix_parts=True, keep_originals=True)
    before, after = contents(generated), contents(out)
    same = [name for name in before if name != MAPPING and not name.startswith("prepared")]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert sorted(read_layout(out).celeba_index) == list(range(FACES + GENERATED))


def test_styles_are_of_faces_with_the_same_attribute(data, portrait_editor, tmp_path):
    augment(portrait_editor, data, tmp_path / "out", same_attribute="Smiling", count=8)
    attributes = read_layout(data).attributes
    smiling = {index: attributes[index][ATTRIBUTES.index("Smiling")] for index in attributes}
    rows = rows_of(tmp_path / "out")
    assert all(smiling[row["mask"]] == smiling[row["all"]] for row in rows)
    assert len({smiling[row["mask"]] for row in rows}) == 2


def test_nothing_stays_of_a_data_set_that_could_not_be_finished(data, portrait_editor, tmp_path):
    broken = tmp_path / "faces"
    shutil.copytree(data, broken)
    (broken / "CelebA-HQ-img" / "18.jpg").write_bytes(b"no photo")
    with pytest.raises(UserError, match=r"18\.jpg: not a readable image"):
        augment(portrait_editor, broken, tmp_path / "out" / "generated", count=1)
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def test_a_folder_that_holds_something_is_left_alone(data, portrait_editor):
    before = contents(data)
    with pytest.raises(UserError, match="faces: exists and is no empty folder; name a new one"):
        augment(portrait_editor, data, data)
    assert contents(data) == before


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("Kind", "--same-attribute: no attribute Kind; they are 5_o_Clock_Shadow, "),
        ("Male", "--same-attribute: .*without has no attribute file; add it, or leave the option out"),
    ],
)
def test_an_attribute_that_is_not_known_is_refused(data, portrait_editor, tmp_path, attribute, message):
    shutil.copytree(data, tmp_path / "without", ignore=shutil.ignore_patterns("*attribute*"))
    with pytest.raises(UserError, match=message):
        augment(portrait_editor, tmp_path / "without", tmp_path / "out", same_attribute=attribute)


def test_parts_of_networks_with_one_style_are_not_mixed(data, random_runs, tmp_path):
    with pytest.raises(UserError, match="has one style for the whole face"):
        augment(Editor(random_runs / "dense_mapping"), data, tmp_path / "out", mix_parts=True)
    assert not list(tmp_path.iterdir())
