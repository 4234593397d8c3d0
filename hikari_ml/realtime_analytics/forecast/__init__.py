"""The hours and days to come: models, their backtest, and intervals."""
