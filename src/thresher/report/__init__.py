"""One page about a run: how good the model is, how sure that is, and which photos deserve a look."""

from thresher.report.page import write_report

__all__ = ["write_report"]
