"""The neural models: batch in, numbers out, and nothing known of asyncio.

``catalog`` names them, ``chat_encoder`` is the bundled one, ``reference`` and ``embedder`` bring in any
transformers or sentence-transformers model, ``summarizer`` and ``entities`` each have a model and an
offline peer.
"""

import os

# From 1.32 on, onnxruntime keeps a device id in the home folder and tells its maker of every session.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
