"""The photo as it is."""

from thresher.inference.views.base import View


class Plain(View):
    """Shows the photo as it is."""
