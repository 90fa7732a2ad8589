"""Where jobs run: `embedded` in one program, with APScheduler as the clock; `distributed` in several that share a
PostgreSQL database. `jobs` is what both promise; `monitor` and `gauges` let others watch.

A job may run twice without harm: the database says what is still to be done.
"""
