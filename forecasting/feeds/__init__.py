"""ERP exports to checked rows and reasoned rejects, by declarative profiles. No database here."""

from forecasting.feeds.faults import Code
from forecasting.feeds.profile import Profile, load_profile, profile_names
from forecasting.feeds.reading import Batch, Reading, read

__all__ = ["Batch", "Code", "Profile", "Reading", "load_profile", "profile_names", "read"]
