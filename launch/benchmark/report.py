"""The table of a benchmark's results."""

import statistics
from collections.abc import Mapping, Sequence


def table(results: Mapping[str, Mapping[str, Mapping]], chosen: Sequence[str]) -> str:
    """Return a Markdown table: of each side the median seconds, the ratio to PyTorch's, memory and start.

    Args:
      results: by work and side, see `launch.benchmark.__main__.compare`.
      chosen: work to list.
    """
    lines = [
        "| work | side | seconds (fastest to slowest) | to PyTorch | peak GB | to PyTorch | to first result, s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for work in chosen:
        reference = results[work]["pytorch"]
        for side, result in results[work].items():
            seconds = result["seconds"]
            time_ratio = statistics.median(seconds) / statistics.median(reference["seconds"])
            cells = [
                work,
                side,
                f"{statistics.median(seconds):.4g} ({seconds[0]:.4g} to {seconds[-1]:.4g})",
                f"{time_ratio:.2f}",
                f"{result['peak bytes'] / 1e9:.2f}",
                f"{result['peak bytes'] / reference['peak bytes']:.2f}",
                f"{result['seconds to the first result']:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
