"""Calls and events over Redis: how an engine in another language speaks with Hikari."""
