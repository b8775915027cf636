"""Which runs and data sets the study has, and where they are."""

from pathlib import Path
from typing import NamedTuple

FEW_SEED = 1
FEW_FACES = 124
"""Of another seed than the editor's, 100 of them for training: all that the compared parsers have of true faces."""
GENERATED = 400
PARSER_STEPS = 400
SEEDS = (0, 1, 2)
"""Of the compared parsers' training."""


class Runs(NamedTuple):
    """The study's folders: of the data sets and of the runs."""

    data: Path
    folder: Path

    @property
    def own(self) -> Path:
        """Return the folder of the runs and figures that are the study's alone."""
        return self.folder / "parsing_study"

    @property
    def judge(self) -> Path:
        """Return the run of a face parser that no editor was trained with."""
        return self.own / "judge"

    def editor(self, parsing_loss: bool) -> Path:
        """Return the run of the portrait editor: the quickstart's, or one without the parsing loss."""
        return self.folder / "portrait_editing_quickstart" if parsing_loss else self.own / "without_parsing_loss"

    def parsers_faces(self, augmented: bool) -> Path:
        """Return the data set of few faces, or that with generated ones beside them."""
        return self.data / f"parsing_study_{'augmented' if augmented else 'few'}"

    def parser(self, augmented: bool, seed: int) -> Path:
        """Return the run of a parser trained on few faces, or with generated ones beside them."""
        return self.own / f"face_parser_{'augmented' if augmented else 'few'}_{seed}"
