"""Running finished weights: fixed views of a photo, engines, features and scores."""
