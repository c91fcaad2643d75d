"""Sluice: a self-hosted payment gateway that speaks the API every shop already speaks."""

__version__ = "0.2.0"
