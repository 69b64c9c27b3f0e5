"""Which series will run out, when, why, what it costs and what can still be done."""

from typing import TYPE_CHECKING, Any

from models.risk.assess import RiskAssessment, assess

if TYPE_CHECKING:
    from models.risk.classifier import RuptureRiskClassifier

__all__ = ["RiskAssessment", "RuptureRiskClassifier", "assess"]


def __getattr__(name: str) -> Any:
    """The classifier brings scikit-learn with it, which readers of a publication need not load."""
    if name == "RuptureRiskClassifier":
        from models.risk.classifier import RuptureRiskClassifier

        return RuptureRiskClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
