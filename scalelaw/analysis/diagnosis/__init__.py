"""What is doubtful about a fit or a design, in words and as frames."""
