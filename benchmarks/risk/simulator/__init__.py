"""An inventory run on real daily demand: suppliers, planners, losses that nobody books."""
