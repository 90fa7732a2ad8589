"""Where jobs run: `embedded` in one process, with APScheduler as the clock.

A job is a function without arguments that may run twice without harm: the database says what is still to be done.
"""
