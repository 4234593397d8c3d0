"""Everything that is measured of the analytics' quality, one subject after the other.

    python -m benchmarks.quality.analytics --data DIR [--statsforecast PYTHON] [--write]

``DIR`` holds ``streams`` and ``forecasting``. Each subject is a command too, with switches of its own; here
they run with those that the tables were made with. ``--statsforecast`` names an interpreter that has it:
without one the forecasts of others are left out, and the tables of forecasts are not written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

CHANNEL = "streams/youtube_rbtv"
SUBJECTS = {
    "nab": "forecasting/NAB",
    "anomalies": "streams",
    "highlights": "streams",
    "chat_rate": "streams",
    "returns": CHANNEL,
    "viewers": CHANNEL,
    "experiments": "streams",
    "forecasts": ".",
}


def switches(subject: str, data: Path, statsforecast: str | None, *, wanted: bool) -> list[str]:
    """The arguments of one subject; ``wanted`` is whether its tables are to be written."""
    given = ["--data", str(data / SUBJECTS[subject])]
    if subject == "nab":
        given.append("--rivals")
    elif subject == "viewers":
        others = (path for path in data.glob("streams/*/*.jsonl.gz") if path.parent != data / CHANNEL)
        given += ["--others", *map(str, sorted(others))]
    elif subject == "forecasts":
        given += ["--sample", "12", *(["--rivals", statsforecast] if statsforecast else [])]
        wanted = wanted and statsforecast is not None
    return [*given, "--write"] if wanted else given


def main() -> int:
    """Run every subject; the exit code is that of the worst."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--statsforecast", metavar="PYTHON")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    worst = 0
    for subject in SUBJECTS:
        print(f"\n## {subject}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.quality.analytics.{subject}"]
        command += switches(subject, given.data, given.statsforecast, wanted=given.write)
        worst = max(worst, subprocess.run(command, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
