"""Files of StarGAN's published code: their entry names, and every byte of them back."""

import pytest

torch = pytest.importorskip("torch")

from maskgan_jax.interop import entries, stargan  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.interop.transfer import export_model, import_model  # noqa: E402
from maskgan_jax.networks.stargan.discriminator import AttributeDiscriminator  # noqa: E402
from maskgan_jax.networks.stargan.generator import AttributeGenerator  # noqa: E402
from tests.interop.small import assert_same_bytes, save  # noqa: E402
from tests.networks import pytorch_stargan as reference  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402


def in_pytorch(kind: str, tracks: bool = True) -> torch.nn.Module:
    config = tiny_config("stargan")
    if kind == "stargan_discriminator":
        return reference.Discriminator(64, 1, config.networks.stargan_discriminator.widths)
    generator = config.networks.stargan_generator
    return reference.Generator(1, generator.widths, generator.residual_blocks, tracks)


@pytest.mark.parametrize("kind", ["stargan_generator", "stargan_discriminator"])
def test_what_was_imported_is_exported_with_the_same_bytes(kind, tmp_path):
    network = reference.random_weights(in_pytorch(kind), seed=0)
    given = save(network.state_dict(), tmp_path / "200000-G.ckpt")

    import_model(given, tmp_path / "model", kind, tiny_config("stargan"))
    export_model(tmp_path / "model", tmp_path / "out.pth", kind)

    assert_same_bytes(tmp_path / "out.pth", network.state_dict())


def test_a_file_without_running_statistics_is_read_and_written_as_the_code_wants_it_now(tmp_path):
    old = reference.random_weights(in_pytorch("stargan_generator", tracks=False), seed=0)
    given = save(old.state_dict(), tmp_path / "1000-G.ckpt", is_zip=False)

    import_model(given, tmp_path / "model", "stargan_generator", tiny_config("stargan"))
    export_model(tmp_path / "model", tmp_path / "out.pth", "stargan_generator")

    network = in_pytorch("stargan_generator")
    network.load_state_dict(torch.load(tmp_path / "out.pth", weights_only=True))
    image, labels = torch.randn(2, 3, 64, 64), torch.ones(2, 1)
    with torch.no_grad():
        assert torch.equal(network.train()(image, labels), old(image, labels))


def names(mapping: entries.Mapping) -> set[str]:
    return {entry.name for entry in mapping if isinstance(entry, entries.Entry)}


def test_entries_of_the_published_networks():
    generator = names(stargan.stargan_generator(AttributeGenerator()))
    outside = {f"main.{place}.weight" for place in (0, 1, 3, 4, 6, 7, 15, 16, 18, 19, 21)}
    shifts = {f"main.{place}.bias" for place in (1, 4, 7, 16, 19)}
    blocks = {f"main.{9 + block}.main.{place}.weight" for block in range(6) for place in (0, 1, 3, 4)}
    block_shifts = {f"main.{9 + block}.main.{place}.bias" for block in range(6) for place in (1, 4)}
    assert generator == outside | shifts | blocks | block_shifts

    discriminator = names(stargan.stargan_discriminator(AttributeDiscriminator()))
    layers = {f"main.{2 * level}.{leaf}" for level in range(6) for leaf in ("weight", "bias")}
    assert discriminator == layers | {"conv1.weight", "conv2.weight"}


def test_kinds_of_maskgan_keep_their_names():
    assert find_kind("generator").config.task == "dense_mapping"
    assert find_kind("discriminator").config.task == "dense_mapping"
    assert find_kind("stargan_generator").config.name == "stargan"
