"""What is true: events, ids, decisions, folds and rules. Standard library only."""
