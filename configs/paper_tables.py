"""What the papers' tables are made of, for `configs/evaluation.py` and for evaluation while a network trains."""

from ml_collections import ConfigDict


def add_paper_tables(config: ConfigDict, synthetic: bool) -> None:
    """Add the numbers of pairs and the attributes; `synthetic`: whether the photos are rendered faces."""
    config.pairs = ConfigDict()
    config.pairs.smiling = 400  # paper, appendix
    config.pairs.style_copy = 1_000  # paper, appendix
    config.pairs.seed = 0  # own; of the style copy's pairs
    config.style_attributes = ("Male", "Heavy_Makeup", "No_Beard")  # paper, Table 3
    if synthetic:
        config.style_attributes = ("Heavy_Makeup", "No_Beard", "Pale_Skin")  # no synthetic face has Male
