"""Which runs the study has, and where they are."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from launch.pretrained import UPDATES_A_STEP

SIZE = 64
FACES_SEED = 0
SEEDS = (0, 1, 2)
"""Of the training."""
CORRELATIONS = {"independent": 0.0, "correlated": 0.9}
"""Of styles with geometries, by the name of the faces."""
VARIED_FACES = "independent"
"""The faces that other settings of EBST are compared on."""
SHIPPED = Path("maskgan_jax/pretrained/dense_mapping")
"""The generator that all begins with; it was trained on independent faces of 128 px."""
MASK_VAE_WIDTHS = (16, 32, 64, 128)
"""A halving less than at the size that comes with the project."""
EBST_STEPS = 500
RATE = 2e-4
"""Learning rate of both ways to go on."""
STEPS: Mapping[str, dict[str, object]] = MappingProxyType(
    {
        "mask_vae": {"num_train_steps": 3_000},
        "crude_mask_vae": {"num_train_steps": 300},
        "dense_mapping": {"num_train_steps": 3_000},
        "longer": {"num_train_steps": UPDATES_A_STEP * EBST_STEPS, "optimiser.learning_rate": RATE},
        "ebst": {"num_train_steps": EBST_STEPS, "optimiser.learning_rate": RATE},
    }
)
"""Fields of the configs, by stage."""
VARIANTS: Mapping[str, dict[str, object]] = MappingProxyType(
    {
        "weaker_edits": {"lambda_inter": 5.0},
        "stronger_edits": {"lambda_inter": 1.0},
        "joint_updates": {"updates": "joint"},
        "slower": {"optimiser.learning_rate": RATE / 4},
        "crude_masks": {},
    }
)
"""Fields of EBST's config that differ, by name; all from the first seed. Crude masks come from a MaskVAE that was
trained for a tenth of the steps."""


class Runs(NamedTuple):
    """The folder of the study and of each of its runs."""

    folder: Path

    def mask_vae(self, faces: str, variant: str = "") -> Path:
        """Return the MaskVAE's that a variant of EBST simulates edits with."""
        return self.folder / f"{'crude_' * (variant == 'crude_masks')}mask_vae_{faces}"

    def dense_mapping(self, faces: str) -> Path:
        """Return that of the Dense Mapping Network that the others begin with."""
        return self.folder / f"dense_mapping_{faces}"

    def longer(self, faces: str, seed: int) -> Path:
        """Return that of the Dense Mapping Network trained on without EBST."""
        return self.folder / f"dense_mapping_longer_{faces}_{seed}"

    def ebst(self, faces: str, seed: int, variant: str = "") -> Path:
        """Return EBST's, with the settings of a variant."""
        return self.folder / "_".join(filter(None, ("ebst", variant, faces, str(seed))))
