"""How sure the writer of a memory is, by where the memory comes from."""

from __future__ import annotations

CONFIDENCE = {"user": 0.9, "agent": 0.7, "distilled": 0.75, "import": 0.6, "tool": 0.5}
FAILED_CONFIDENCE = 0.6  # of what was distilled from a failure
USUAL_CONFIDENCE = 0.7


def prior(confidence: float | None, origin: str, verdict: str) -> float:
    """The writer's confidence, within 0 and 1, or the usual one of such an origin."""
    if confidence is not None:
        return min(1.0, max(0.0, confidence))
    if origin == "distilled" and verdict == "failure":
        return FAILED_CONFIDENCE
    return CONFIDENCE.get(origin, USUAL_CONFIDENCE)
