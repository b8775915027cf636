"""Which runs and data sets the study has, and where they are."""

from pathlib import Path
from typing import NamedTuple

SIZE = 64
FACES_SEED = 0
FACES = 6_000
"""That the portrait editors and the judge learn from, one of ten held out for the figures."""
FEW_SEED = 1
FEW_FACES = 124
"""Of another seed, 100 of them for training: all that the compared parsers have of true faces."""
GENERATED = 400
EDITOR_STEPS = 800
PARSER_STEPS = 600
SEEDS = (0, 1, 2)
"""Of the compared parsers' training."""


class Runs(NamedTuple):
    """The study's folders: of the data sets and of the runs."""

    data: Path
    folder: Path

    @property
    def faces(self) -> Path:
        """Return the data set of many faces."""
        return self.data / "parsing_study"

    def parsers_faces(self, augmented: bool) -> Path:
        """Return the data set of few faces, or that with generated ones beside them."""
        return self.data / f"parsing_study_{'augmented' if augmented else 'few'}"

    @property
    def loss_parser(self) -> Path:
        """Return the run of the face parser of the parsing loss."""
        return self.folder / "face_parser"

    @property
    def judge(self) -> Path:
        """Return the run of another face parser, which no editor was trained with."""
        return self.folder / "judge"

    def editor(self, parsing_loss: bool) -> Path:
        """Return the run of the portrait editor with or without the parsing loss."""
        return self.folder / f"portrait_editing{'' if parsing_loss else '_without_parsing_loss'}"

    def parser(self, augmented: bool, seed: int) -> Path:
        """Return the run of a parser trained on few faces, or with generated ones beside them."""
        return self.folder / f"face_parser_{'augmented' if augmented else 'few'}_{seed}"
