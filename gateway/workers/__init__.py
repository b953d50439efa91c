"""Kinds of worker: what they have in common is in base.py."""
