"""Which series will run out, when, why, what it costs and what can still be done."""

from models.risk.assess import RiskAssessment, assess

__all__ = ["RiskAssessment", "assess"]
