"""Calling the user's functions. The only home of joblib."""
