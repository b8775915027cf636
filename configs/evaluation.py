"""What `maskgan_jax.evaluate` compares, on which photos, and who judges."""

from ml_collections import ConfigDict

from configs.base import base_config
from configs.paper_tables import add_paper_tables

METHODS = (
    "ebst", "dense_mapping", "dense_mapping_longer", "pix2pixhd_m", "spade", "stargan", "elegant", "portrait_editing",
    "ebgan", "att_ebgan",
)  # fmt: skip


def get_config(variant: str = "") -> ConfigDict:
    """Return the evaluation's config; `variant` is one of `configs.base.VARIANTS`."""
    run = base_config("evaluation", variant)
    suffix = f"_{variant}" if variant else ""
    config = ConfigDict()
    config.name = run.name
    config.data = ConfigDict()
    config.data.directory = run.data.directory
    config.data.synthetic = run.data.synthetic
    config.data.prepared = run.data.prepared
    config.data.size = run.data.size
    config.data.split = "test"  # the authors, issue 15
    add_paper_tables(config, run.data.synthetic)
    # A folder of a training run, an export or an import; `pretrained`: the one that comes with the project; "": none.
    config.methods = ConfigDict({name: f"runs/{name}{suffix}" for name in METHODS})
    config.judges = ConfigDict()
    config.judges.attribute_classifier = f"runs/attribute_classifier{suffix}"
    config.judges.face_parser = f"runs/face_parser{suffix}"
    config.judges.inception = ""  # pytorch-fid's pt_inception-2015-12-05-6726825d.pth
    config.judges.identity = ""  # insightface's backbone.pth (arcface_torch) of an IResNet-50 or -100
    config.batch_size = 8  # own
    config.pictures = 8  # own; results of each method and table that are kept, for sheets and survey
    if variant == "quickstart":
        config.data.directory = "data/evaluation"
        config.pairs.smiling = 100
        config.pairs.style_copy = 400
        config.methods.pretrained = "pretrained"
        for judge in ("attribute_classifier", "face_parser"):
            config.judges[judge] = f"runs/{judge}_evaluation"
    if variant == "pretrained":
        config.pairs.smiling = 200
        config.pairs.style_copy = 400
    return config
