"""Judges from the folders and files that users have."""

import numpy as np
import pytest

from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation import judges
from maskgan_jax.photos.alignment import crop
from maskgan_jax.photos.arcface import SIZE, arcface_square
from tests.web.exchange import render_face

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_networks import randomise  # noqa: E402
from tests.networks import pytorch_inception_v3, pytorch_iresnet  # noqa: E402


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


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """An IResNet of the published widths and one block a stage, in PyTorch and in a file."""
    network = pytorch_iresnet.random_iresnet((1, 1, 1, 1))
    file = tmp_path_factory.mktemp("identity") / "backbone.pth"
    torch.save(network.state_dict(), file)
    return network, file


@pytest.mark.slow
def test_identity_is_read_from_insightfaces_file_and_embeds_the_aligned_photos(backbone):
    network, file = backbone
    photos, masks = map(np.stack, zip(*(render_face(index, size=64) for index in (0, 1)), strict=True))

    embeddings = judges.load_identity(file, "--option").embed(photos, masks)

    crops = np.stack([crop(photo, arcface_square(mask), SIZE) for photo, mask in zip(photos, masks, strict=True)])
    with torch.no_grad():
        theirs = network(torch.from_numpy(crops).permute(0, 3, 1, 2) / 127.5 - 1)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, torch.nn.functional.normalize(theirs), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_photo_whose_mask_shows_no_face_has_no_embedding(backbone):
    photo, mask = render_face(0, size=64)
    hair = np.full_like(mask, CLASSES.index("hair"))
    embeddings = judges.load_identity(backbone[1], "--option").embed(np.stack([photo, photo]), np.stack([mask, hair]))
    assert np.isfinite(embeddings).all(1).tolist() == [True, False]


def test_identity_without_its_file_says_which_file_that_is(tmp_path):
    with pytest.raises(
        UserError, match=r"--option: .*none.pth: no file; give insightface's backbone.pth of an IResNet"
    ):
        judges.load_identity(tmp_path / "none.pth", "--option")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"fc.weight": torch.zeros(1)}, "no iresnet .*: entry conv1.weight is missing, shape .64, 3, 3, 3.; entry bn1"),
        ({"layer1.0.bn1.weight": torch.zeros(1), "layer1": torch.zeros(1)}, "no iresnet .*; and [0-9]+ more"),
    ],
    ids=["another network", "names cut short"],
)
def test_another_networks_file_is_no_identity_and_that_is_one_line(tmp_path, entries, message):
    torch.save(entries, tmp_path / "other.pth")
    with pytest.raises(UserError, match=message) as raised:
        judges.load_identity(tmp_path / "other.pth", "--option")
    assert "\n" not in str(raised.value)


def test_the_parsers_accuracy_is_the_share_of_pixels_that_it_labels_as_the_mask_does(runs):
    photos, masks = map(np.stack, zip(*(render_face(index, size=64) for index in (0, 1)), strict=True))
    judge = judges.load_face_parser(runs / "face_parser", "--option")

    accuracy = judge.accuracy(photos, masks)

    editor = Editor(face_parser=runs / "face_parser")
    expected = [(editor.parse(photo) == mask).mean() for photo, mask in zip(photos, masks, strict=True)]
    np.testing.assert_allclose(accuracy, expected)
    assert 0 < accuracy.min() < 1
    np.testing.assert_allclose(judge.accuracy(photos, masks.repeat(2, 1).repeat(2, 2)), accuracy)
