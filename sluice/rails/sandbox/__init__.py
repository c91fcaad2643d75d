"""The sandbox rail: test cards at the sandbox's bank."""

from sluice.rails.sandbox.rail import Sandbox

__all__ = ["Sandbox"]
