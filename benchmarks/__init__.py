"""Measurements of hikari_ml, each one command that writes its table into the docs."""
