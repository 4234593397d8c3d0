"""``python -m hikari_ml`` is the ``hikari-ml`` command."""

from hikari_ml.cli.main import run

run()
