"""From objects in trouble to root causes, and what stands behind them."""
