"""The face parser against a PyTorch rendering of the published one, at small widths."""

import copy
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.face_parser import FaceParser

torch = pytest.importorskip("torch")

from launch.benchmark.pytorch_face_parser import FaceParser as PyTorchFaceParser  # noqa: E402
from launch.benchmark.pytorch_networks import randomise  # noqa: E402

WIDTHS = (6, 8, 10, 12)
NETWORK = FaceParser(widths=WIDTHS)
PUBLISHED_WIDTHS = (16, 32, 64, 128, 256)  # published `unet`: 64 to 1024, over 4

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def double_conv(state, name: str) -> tuple[dict, dict]:
    params, batch_stats = {}, {}
    for layer in range(2):
        conv, norm = (f"{name}.conv{layer + 1}.{place}" for place in range(2))
        params[f"conv_{layer}"] = {
            "kernel": state[f"{conv}.weight"].permute(2, 3, 1, 0).numpy(),
            "bias": state[f"{conv}.bias"].numpy(),
        }
        params[f"norm_{layer}"] = {"scale": state[f"{norm}.weight"].numpy(), "bias": state[f"{norm}.bias"].numpy()}
        batch_stats[f"norm_{layer}"] = {
            "mean": state[f"{norm}.running_mean"].numpy(),
            "var": state[f"{norm}.running_var"].numpy(),
        }
    return params, batch_stats


def face_parser(state) -> dict:
    params, batch_stats = {}, {}
    params["center"], batch_stats["center"] = double_conv(state, "center")
    for level in range(len(WIDTHS) - 1):
        down, up, theirs = f"down_{level}", f"up_{level}", f"up_concat{level + 1}"
        params[down], batch_stats[down] = double_conv(state, f"conv{level + 1}")
        convs, statistics = double_conv(state, f"{theirs}.conv")
        kernel = state[f"{theirs}.up.weight"].permute(2, 3, 0, 1).numpy()
        params[up] = {"convs": convs, "up": {"kernel": kernel, "bias": state[f"{theirs}.up.bias"].numpy()}}
        batch_stats[up] = {"convs": statistics}
    params["head"] = {
        "kernel": state["final.weight"].permute(2, 3, 1, 0).numpy(),
        "bias": state["final.bias"].numpy(),
    }
    return jax.tree.map(jnp.array, {"params": params, "batch_stats": batch_stats})


def images() -> jax.Array:
    return jax.random.uniform(jax.random.key(0), (2, 16, 24, 3), minval=-1, maxval=1)


def to_torch(x: jax.Array) -> "torch.Tensor":
    return torch.from_numpy(np.array(x.transpose(0, 3, 1, 2)))


def assert_same(ours: jax.Array, theirs: "torch.Tensor"):
    assert theirs.std() > 0.1, "a constant would prove nothing"
    np.testing.assert_allclose(ours, theirs.permute(0, 2, 3, 1).numpy(), **TOLERANCE)


@pytest.fixture(scope="module")
def reference():
    with torch.no_grad():
        yield randomise(PyTorchFaceParser(WIDTHS), seed=0)


@pytest.mark.slow
def test_logits_are_those_of_the_pytorch_network(reference):
    variables = face_parser(reference.state_dict())

    ours = jax.jit(NETWORK.apply)(variables, images())

    assert_same(ours, reference(to_torch(images())))


@pytest.mark.slow
def test_training_normalises_by_the_batch_and_moves_the_statistics_a_tenth_towards_it(reference):
    variables = face_parser(reference.state_dict())

    @jax.jit
    def train(variables, image):
        return NETWORK.apply(variables, image, train=True, mutable=["batch_stats"])

    ours, updates = train(variables, images())

    training = copy.deepcopy(reference).train()
    assert_same(ours, training(to_torch(images())))
    after = face_parser(training.state_dict())["batch_stats"]
    before = variables["batch_stats"]
    assert not np.allclose(after["center"]["norm_1"]["mean"], before["center"]["norm_1"]["mean"], atol=0.01)
    for path, ours_after in jax.tree_util.tree_leaves_with_path(updates["batch_stats"]):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        theirs_before, theirs_after = (_entry(tree, path) for tree in (before, after))
        if name.endswith("var"):  # PyTorch keeps the unbiased variance: pixels / (pixels - 1) of the biased one
            level = 3 if name.startswith("center") else int(name.split("/")[0][-1])
            pixels = images()[..., 0].size // 4**level
            biased = 10 * (theirs_after - 0.9 * theirs_before) * (pixels - 1) / pixels
            theirs_after = 0.9 * theirs_before + 0.1 * biased
        np.testing.assert_allclose(ours_after, theirs_after, err_msg=name, **TOLERANCE)


def _entry(tree: dict, path) -> jax.Array:
    for key in path:
        tree = tree[key.key]
    return tree


def test_parameter_count_is_the_published_one():
    """Of a 3x3 convolution with bias 9 i o + o, of its batch norm 2 o, of a 2x2 transposed one 4 i o + o."""

    def double_conv(i: int, o: int) -> int:
        return (9 * i * o + o + 2 * o) + (9 * o * o + o + 2 * o)

    steps = list(pairwise(PUBLISHED_WIDTHS))
    down = double_conv(3, 16) + sum(double_conv(i, o) for i, o in steps)
    up = sum(4 * wide * narrow + narrow + double_conv(2 * narrow, narrow) for narrow, wide in steps)
    by_hand = down + up + 16 * 19 + 19

    shapes = jax.eval_shape(FaceParser().init, jax.random.key(0), jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32))

    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == by_hand == 1_944_355
    with torch.device("meta"):
        parameters = PyTorchFaceParser().parameters()
    assert sum(parameter.numel() for parameter in parameters) == by_hand


@pytest.mark.slow
def test_bfloat16_computes_near_the_float32_logits_and_hands_back_float32(reference):
    variables = face_parser(reference.state_dict())
    narrow = FaceParser(widths=WIDTHS, dtype=jnp.bfloat16)

    logits, exact = jax.jit(lambda v, x: (narrow.apply(v, x), NETWORK.apply(v, x)))(variables, images())

    assert logits.dtype == jnp.float32
    difference = np.abs(logits - exact) / exact.std()
    # bfloat16 has 8 significant bits, 4e-3; some fifteen layers may add up a few of these, yet not none.
    assert 1e-4 < difference.mean() < 0.03
