"""The study's figures, from the runs."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.ebst_study.hand_drawn import draw_by_hand
from launch.ebst_study.runs import CORRELATIONS, FACES_SEED, SEEDS, SIZE, VARIANTS, VARIED_FACES, Runs
from launch.held_out_edits import Edit, baselines, edit_all, held_out_edits, scores
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.bootstrap import estimate

LONGER, EBST = "as many plain updates", "EBST"


def report(runs: Runs) -> None:
    """Print the tables and write `ebst_study.json` and `ebst_study.md` into the runs' folder."""
    results = {faces: _measure(runs, faces, correlation) for faces, correlation in CORRELATIONS.items()}
    _write(json.dumps(results, indent=2) + "\n", runs.folder / "ebst_study.json")
    text = "\n".join(_table(faces, each) for faces, each in results.items())
    _write(text, runs.folder / "ebst_study.md")
    print(text)


def _write(text: str, path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def _measure(runs: Runs, faces: str, correlation: float) -> dict:
    edits = held_out_edits(FACES_SEED, SIZE, correlation)
    load = functools.cache(Editor)  # compiles once for all kinds of masks
    kinds = {}
    for kind, change in _kinds_of_masks(runs.mask_vae(faces)).items():
        masks = [change(edit.edited_mask, np.random.default_rng(place)) for place, edit in enumerate(edits)]
        given = [edit._replace(edited_mask=mask) for edit, mask in zip(edits, masks, strict=True)]

        def inside(run: Path, given: Sequence[Edit] = given) -> Float[np.ndarray, " n"]:
            return scores(edit_all(load(run), given, run.name), edits)[:, 0]

        longer = np.stack([inside(runs.longer(faces, seed)) for seed in SEEDS])
        ebst = np.stack([inside(runs.ebst(faces, seed)) for seed in SEEDS])
        others = {name: scores(images, edits)[:, 0] for name, images in baselines(given).items()}
        rows = {
            "Dense Mapping Network": inside(runs.dense_mapping(faces)),
            LONGER: longer.mean(0),
            EBST: ebst.mean(0),
            **others,
        }
        varied = VARIANTS if faces == VARIED_FACES else ()
        variants = {name: inside(runs.ebst(faces, SEEDS[0], name)) for name in varied}
        kinds[kind] = {
            "psnr_inside": {name: estimate(values)[:3] for name, values in rows.items()},
            "gain": estimate((ebst - longer).mean(0))[:3],
            "gain_by_seed": np.nanmean(ebst - longer, axis=1).tolist(),
            "gain_of_variants": {name: estimate(values - longer[0])[:3] for name, values in variants.items()},
        }
    return {"edits": len(edits), "masks": kinds}


def _kinds_of_masks(
    mask_vae: Path,
) -> dict[str, Callable[[UInt8[np.ndarray, "n n"], np.random.Generator], UInt8[np.ndarray, "n n"]]]:
    editor = Editor(mask_vae=mask_vae)
    return {
        "true": lambda mask, rng: mask,
        "through the MaskVAE": lambda mask, rng: editor.masks_between(mask, mask, [0.0])[0],
        "as if drawn by hand": draw_by_hand,
    }


def _table(faces: str, results: dict) -> str:
    """Return the figures on one kind of faces as Markdown."""
    kinds = results["masks"]
    head = ["", *kinds]
    lines = [
        f"PSNR in dB inside {results['edits']} held-out edits, {faces} faces, mean of {len(SEEDS)} seeds; 95 % "
        "intervals resample the edits, not the seeds\n"
    ]
    lines += [_line(head), _line(["---"] * len(head))]
    names = list(next(iter(kinds.values()))["psnr_inside"])
    lines += [_line([name, *(f"{each['psnr_inside'][name][0]:.2f}" for each in kinds.values())]) for name in names]
    lines.append(_line([f"{EBST} minus {LONGER}", *(_interval(each["gain"]) for each in kinds.values())]))
    by_seed = [", ".join(f"{gain:+.3f}" for gain in each["gain_by_seed"]) for each in kinds.values()]
    lines.append(_line(["by seed", *by_seed]))
    for name in next(iter(kinds.values()))["gain_of_variants"]:
        cells = (_interval(each["gain_of_variants"][name]) for each in kinds.values())
        lines.append(_line([f"with {name.replace('_', ' ')}, seed {SEEDS[0]}", *cells]))
    return "\n".join(lines) + "\n"


def _interval(figure: Sequence[float]) -> str:
    mean, low, high = figure
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
