"""Everything that is measured of the analytics' quality, one subject after the other.

    python -m benchmarks.quality.analytics --data DIR [--write]

``DIR`` holds ``streams`` and ``forecasting``. Each subject is a command too, with switches of its own.
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


def main() -> int:
    """Run every subject; the exit code is that of the worst."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    worst = 0
    for subject, folder in SUBJECTS.items():
        print(f"\n## {subject}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.quality.analytics.{subject}"]
        command += ["--data", str(given.data / folder), *(["--write"] if given.write else [])]
        worst = max(worst, subprocess.run(command, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
