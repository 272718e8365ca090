"""What other libraries send, and what other readers make of ours."""
