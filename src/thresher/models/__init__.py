"""Networks: a timm backbone with pretrained weights, normalisation before it and a linear head after it."""
