"""What happens when something breaks, with the real parts: 0 lost, 0 double, residue 0.

How a fault is tested (`trial.Trial`, fixture `trial`):

    def test_it_is_killed(trial: Trial) -> None:
        with trial.breaking("kill -9 of it") as clock:   # events flow; a random moment later the block begins
            trial.platform.stream.kill()
            clock.start()                                # from here on seconds are counted until caught up

When the block has ended the trial waits until what was sent is counted and archived, and compares every
table. Database, lake and answer are those of all trials of the package together: nothing is set up anew
unless a trial has failed.

    generator   events with known outcomes, from a seed: accepted, quarantined (why), duplicate, conflict
    traffic     sends them at a pace and knows where Kafka has put each one, and when
    answer      what must stand in every table, worked out by DuckDB from what was sent
    comparison  what stands there, and where it differs (`tables` has the questions); the ledger; the lake
    platform    PostgreSQL, Kafka and the Spark application, each under a supervisor, each behind a proxy
    supervised  a process that is started again when it ends, as the local stack's supervisor does it
    proxy       TCP in between: away, silent, slow, reset, or holding one message back
    disk        a small file system of its own that can be filled
    trial       the frame above; `timing` says how long catching up took

Other parts are supervised by `platform.supervise(name, *command)`. What they send to Kafka by ways of their
own is told to the answer by `traffic.sent.append(Sent(...))`.

`FAULTS_SEED` repeats a run, `FAULTS_LONG` makes outages last 60 s, `FAULTS_RATE` is the pace (events/s).
`python -m tests.faults` (`make faults`) runs all of it many times.
"""
