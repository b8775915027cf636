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
EBST_STEPS = 600
STEPS: Mapping[str, dict[str, object]] = MappingProxyType(
    {
        "mask_vae": {"num_train_steps": 3_000, "batch_size": 8, "optimiser.learning_rate": 2e-3},
        "dense_mapping": {},
        "longer": {"num_train_steps": UPDATES_A_STEP * EBST_STEPS, "optimiser.learning_rate": 2e-4},
        "ebst": {"num_train_steps": EBST_STEPS, "optimiser.learning_rate": 2e-4},
    }
)
"""Fields of the configs, by stage."""
VARIANTS: Mapping[str, dict[str, object]] = MappingProxyType(
    {
        "": {},
        "weaker_edits": {"lambda_inter": 1.0},
        "stronger_edits": {"lambda_inter": 5.0},
        "joint_updates": {"updates": "joint"},
        "slower": {"optimiser.learning_rate": 5e-5},
    }
)
"""Fields of EBST's config that differ, by name; "": none. All but that one are trained from the first seed only."""


class Runs(NamedTuple):
    """The folder of the study and of each of its runs."""

    folder: Path

    def mask_vae(self, faces: str) -> Path:
        """Return the MaskVAE's."""
        return self.folder / f"mask_vae_{faces}"

    def dense_mapping(self, faces: str, seed: int) -> Path:
        """Return that of the Dense Mapping Network that the others begin with."""
        return self.folder / f"dense_mapping_{faces}_{seed}"

    def longer(self, faces: str, seed: int) -> Path:
        """Return that of the Dense Mapping Network trained on without EBST."""
        return self.folder / f"dense_mapping_longer_{faces}_{seed}"

    def ebst(self, faces: str, seed: int, variant: str) -> Path:
        """Return EBST's."""
        return self.folder / "_".join(filter(None, ("ebst", variant, faces, str(seed))))
