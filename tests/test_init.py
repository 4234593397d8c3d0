"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import hikari_ml

HEAVY = (
    "torch",
    "numpy",
    "redis",
    "transformers",
    "faiss",
    "pandas",
    "prophet",
    "spacy",
    "onnxruntime",
    "pydantic",
)


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run(f"import sys, hikari_ml; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_the_analyser_memory_and_analytics_need_no_torch_to_be_imported():
    names = "AdvancedSentimentAnalyzer, NeuralMemorySystem, StreamAnalyticsEngine, Hikari"
    assert run(f"import sys; from hikari_ml import {names}; print('torch' in sys.modules)") == "False"


def test_every_public_name_is_there():
    for name in hikari_ml.__all__:
        assert getattr(hikari_ml, name).__name__ == name
    assert set(hikari_ml.__all__) <= set(dir(hikari_ml))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        _ = hikari_ml.Nope
