"""Recipes: what they may say (`schema`), and how they are read (`loader`). Nothing is imported here."""
