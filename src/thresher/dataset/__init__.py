"""Photos and what is known of them: the table, and the readers that make it."""
