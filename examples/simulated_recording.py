"""Write a simulated stream as a recording that ``hikari-ml replay`` reads, and its viewer counts.

python examples/simulated_recording.py evening.jsonl viewers.csv [MINUTES] [SEED]
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from hikari_ml import ChatMessage
from hikari_ml.platforms.simulator import Simulator


def main(chat: Path, viewers: Path, minutes: float = 30, seed: int = 1) -> None:
    start = datetime(2026, 1, 1, 20, tzinfo=UTC)
    lines, counts = [], ["timestamp,viewers"]
    for happening in Simulator(seed, start=start).run(minutes * 60):
        if isinstance(happening, ChatMessage):
            said = {"username": happening.username, "text": happening.text, "id": happening.id}
            lines.append(json.dumps({"timestamp": happening.timestamp.isoformat(), **said}))
        else:
            counts.append(f"{happening.at.isoformat()},{happening.value:.0f}")
    chat.write_text("\n".join(lines) + "\n", encoding="utf-8")
    viewers.write_text("\n".join(counts) + "\n", encoding="utf-8")
    print(f"{len(lines)} messages in {chat}, {len(counts) - 1} viewer counts in {viewers}")


if len(sys.argv) < 3:
    sys.exit(__doc__)
main(Path(sys.argv[1]), Path(sys.argv[2]), *(float(n) for n in sys.argv[3:4]), *map(int, sys.argv[4:5]))
