"""What Sluice costs, as ratios to what PostgreSQL itself can do in the same run: `python -m bench`, `./dev bench --quick`."""
