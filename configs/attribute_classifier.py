"""The attribute classifier, which judges edits: does the face still show what it should?"""

from ml_collections import ConfigDict

from configs.base import base_config


def get_config(variant: str = "") -> ConfigDict:
    """Return the run's config; `variant` is one of `configs.base.VARIANTS`."""
    config = base_config("attribute_classifier", variant)
    config.attributes = ("Smiling", "Male", "Heavy_Makeup", "No_Beard")  # paper, Tables 2 and 3
    config.networks = ConfigDict()
    config.networks.resnet18 = ConfigDict()
    config.networks.resnet18.widths = (64, 128, 256, 512)  # He et al. 2016
    config.init = ConfigDict()
    config.init.resnet18 = ""  # own; a run's or torchvision's ResNet-18; "": random
    if not variant:
        config.data.size = 256  # own; the least above the input's
    config.input_size = config.data.size if variant else 224  # px; torchvision's
    config.batch_size = 64  # own
    config.optimiser.b1 = 0.9  # own
    config.optimiser.learning_rate = 1e-4  # own
    config.num_train_steps = 3_770  # own; 10 epochs
    config.best_metric = "validation/accuracy"
    config.evaluators.metrics.every_steps = 377  # an epoch
    if variant:
        config.networks.resnet18.widths = (16, 32, 64, 128)
        config.batch_size = 16
        config.optimiser.learning_rate = 1e-3
        config.num_train_steps = 2_000
        config.evaluators.metrics.every_steps = 500
    if variant == "quickstart":
        config.networks.resnet18.widths = (8, 16, 32, 64)
        config.input_size = 128  # own; twice the photos' size finds more smiles than twice the widths
    if config.data.synthetic:
        config.attributes = ("Smiling", "Heavy_Makeup", "No_Beard", "Pale_Skin")  # synthetic faces are never Male
    return config
