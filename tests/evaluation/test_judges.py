"""Judges from the folders and files that users have."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation import judges
from tests.web.exchange import render_face

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from tests.networks import pytorch_inception_v3  # noqa: E402


@pytest.mark.slow
def test_inception_is_read_from_pytorch_fids_file_and_gives_its_features(tmp_path):
    reference = randomise(pytorch_inception_v3.InceptionV3(), seed=0)
    head = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(reference.state_dict() | head, tmp_path / "inception.pth")
    photos = np.stack([render_face(index, size=64)[0] for index in (0, 1)])

    features = judges.load_inception(tmp_path / "inception.pth", "--option").encode(photos)

    with torch.no_grad():
        theirs = reference(torch.from_numpy(photos).permute(0, 3, 1, 2) / 255).numpy()
    assert features.shape == (2, 2048)
    np.testing.assert_allclose(features, theirs, rtol=1e-4, atol=1e-4 * theirs.max())


def test_inception_without_its_file_says_which_file_that_is(tmp_path):
    with pytest.raises(UserError, match=r"--option: .*none.pth: no file; give pytorch-fid's pt_inception-2015"):
        judges.load_inception(tmp_path / "none.pth", "--option")


def test_the_parsers_accuracy_is_the_share_of_pixels_that_it_labels_as_the_mask_does(runs):
    photos, masks = map(np.stack, zip(*(render_face(index, size=64) for index in (0, 1)), strict=True))
    judge = judges.load_face_parser(runs / "face_parser", "--option")

    accuracy = judge.accuracy(photos, masks)

    editor = Editor(face_parser=runs / "face_parser")
    expected = [(editor.parse(photo) == mask).mean() for photo, mask in zip(photos, masks, strict=True)]
    np.testing.assert_allclose(accuracy, expected)
    assert 0 < accuracy.min() < 1
    np.testing.assert_allclose(judge.accuracy(photos, masks.repeat(2, 1).repeat(2, 2)), accuracy)
