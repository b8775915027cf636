"""The figures of Lee et al., CVPR 2020, Tables 2 and 3 and appendix: percent, and FID; None where it has none.

At 512 px but for SPADE's, and the rows that are named so, which are of 256 px.
"""

from collections.abc import Mapping
from types import MappingProxyType

Row = Mapping[str, float | None]
"""Figures by column."""

SMILING: Mapping[str, Row] = MappingProxyType(
    {
        "StarGAN, 256 px": {"Smiling": 92.5, "segmentation": None, "fid": 40.61},
        "StarGAN": {"Smiling": 88.0, "segmentation": None, "fid": 30.17},
        "ELEGANT, 256 px": {"Smiling": 72.8, "segmentation": None, "fid": 55.43},
        "ELEGANT": {"Smiling": 66.5, "segmentation": None, "fid": 35.89},
        "Pix2PixHD-m": {"Smiling": 78.5, "segmentation": 93.82, "fid": 54.68, "verified": 58.46},
        "SPADE": {"Smiling": 73.8, "segmentation": 94.11, "fid": 56.21, "verified": 70.77},
        "MaskGAN without EBST": {"Smiling": 72.3, "segmentation": 93.23, "fid": 46.67},
        "MaskGAN": {"Smiling": 77.3, "segmentation": 93.86, "fid": 46.84, "verified": 76.41},
        "GT": {"Smiling": 92.3, "segmentation": 92.11, "fid": None, "verified": None},
    }
)
"""Table 2, transfer of a smile; `verified`, the share that ArcFace takes for the same person, is quoted from its
appendix at second hand."""

STYLE_COPY: Mapping[str, Row] = MappingProxyType(
    {
        "Pix2PixHD-m": {"Male": 56.6, "Heavy_Makeup": 55.1, "No_Beard": 78.9, "segmentation": 91.46, "fid": 39.65},
        "SPADE": {"Male": 54.5, "Heavy_Makeup": 51.0, "No_Beard": 71.9, "segmentation": 94.60, "fid": 46.17},
        "MaskGAN without EBST": {
            "Male": 68.1, "Heavy_Makeup": 72.1, "No_Beard": 88.4, "segmentation": 92.34, "fid": 37.55,
        },
        "MaskGAN": {"Male": 71.7, "Heavy_Makeup": 73.3, "No_Beard": 89.5, "segmentation": 92.31, "fid": 37.14},
        "GT": {"Male": 96.1, "Heavy_Makeup": 88.5, "No_Beard": 95.1, "segmentation": 92.71, "fid": None},
    }
)  # fmt: skip
"""Table 3, style copy."""

TABLES: Mapping[str, Mapping[str, Row]] = MappingProxyType({"smiling": SMILING, "style_copy": STYLE_COPY})
"""Both by name."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "ebst": "MaskGAN",
        "dense_mapping": "MaskGAN without EBST",
        "dense_mapping_longer": "MaskGAN without EBST, trained on",
        "pix2pixhd_m": "Pix2PixHD-m",
        "spade": "SPADE",
        "stargan": "StarGAN",
        "elegant": "ELEGANT",
        "portrait_editing": "mask-guided portrait editing",
        "ebgan": "EBGAN",
        "att_ebgan": "Att-EBGAN",
    }
)
"""Names in the tables of the methods in `configs/evaluation.py`; others go by their own."""
