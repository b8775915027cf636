"""The study's figures, from the runs."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.batches import in_batches
from launch.parsing_study.runs import SEEDS, Runs
from launch.portrait_editing.report import PortraitEditor
from launch.portrait_editing.transfers import PARTS, Transfer, held_out_transfers
from launch.quickstart import SEED, SIZE
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.methods import own_colours, paint
from maskgan_jax.inference.models import load_model

SCORED_FACES = 200
"""Held-out ones that every figure is of."""

Images = Sequence[UInt8[np.ndarray, "n n 3"]]


def report(runs: Runs) -> None:
    """Print both tables and write them to `parsing_study.json` in the study's folder."""
    swaps = held_out_transfers("skin", SEED, SIZE, SCORED_FACES)
    results = {
        f"mask accuracy of {SCORED_FACES} held-out masks with another face's parts, %": mask_accuracy(runs, swaps),
        f"accuracy of parsers on {SCORED_FACES} held-out faces, %": parser_accuracy(runs, swaps),
    }
    with replacing(runs.own / "parsing_study.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    for title, rows in results.items():
        print(f"{title}; 95 % intervals")
        for name, (mean, low, high) in rows.items():
            print(f"  {name:<56} {mean:6.2f} ({low:.2f} to {high:.2f})")


def mask_accuracy(runs: Runs, swaps: Sequence[Transfer]) -> dict[str, tuple[float, float, float]]:
    """Return how much of each face the judge parses as its mask, by how the face was made, and the loss's gain."""
    parse = _parser(runs.judge)

    def right(images: Images) -> Float[np.ndarray, " n"]:
        return _right(parse, images, [swap.mask for swap in swaps])

    made = {loss: right(PortraitEditor(runs.editor(loss)).combine(swaps, list(PARTS))) for loss in (True, False)}
    painted = [paint(own_colours(swap.reference_photo, swap.reference_mask), swap.mask) for swap in swaps]
    return {
        "with the parsing loss": _percent(made[True]),
        "without it": _percent(made[False]),
        "gain of the parsing loss, points": _percent(made[True] - made[False]),
        "the photos themselves": _percent(right([swap.photo for swap in swaps])),
        "masks painted in the other face's mean colours": _percent(right(painted)),
    }


def parser_accuracy(runs: Runs, swaps: Sequence[Transfer]) -> dict[str, tuple[float, float, float]]:
    """Return how much of each photo parsers label rightly, mean of the seeds, by what they were trained on.

    Intervals are over the photos alone; how far the seeds differ, their gains show.
    """
    photos, masks = [swap.photo for swap in swaps], [swap.mask for swap in swaps]
    right = {
        augmented: np.stack([_right(_parser(runs.parser(augmented, seed)), photos, masks) for seed in SEEDS])
        for augmented in (False, True)
    }
    gains = right[True] - right[False]
    return {
        "trained on 100 faces": _percent(right[False].mean(0)),
        "and 400 generated ones": _percent(right[True].mean(0)),
        "gain, points": _percent(gains.mean(0)),
        **{f"gain, points, seed {seed}": _percent(gain) for seed, gain in zip(SEEDS, gains, strict=True)},
    }


def _parser(run: Path) -> Callable[[UInt8[np.ndarray, "b n n 3"]], UInt8[np.ndarray, "b n n"]]:
    return load_model(run, ("parse",), "--runs").compile("parse")


def _right(parse: Callable, images: Images, masks: Sequence[UInt8[np.ndarray, "n n"]]) -> Float[np.ndarray, " n"]:
    """Return the share of each image's pixels that is parsed as its mask says."""
    return (in_batches(parse, np.stack(images)) == np.stack(masks)).mean((1, 2))


def _percent(shares: Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    """Return mean, and lower and upper end of its interval."""
    return estimate(100 * shares)[:3]
