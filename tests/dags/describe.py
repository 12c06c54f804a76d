"""Run inside Airflow's environment: prints what a real DagBag finds in the folder of DAGs, as JSON."""

import json
import os
import sys

sys.path.insert(0, os.environ["DAGS"])

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(os.environ["DAGS"], load_op_links=False)
dags = {
    dag_id: {
        "timetable": f"{type(dag.timetable).__name__} {dag.timetable.summary} {dag.timetable._timezone.name}",
        "catchup": dag.catchup,
        "start": dag.start_date.isoformat(),
        "tasks": {
            task.task_id: {
                "retries": task.partial_kwargs.get("retries", 0) if task.is_mapped else task.retries,
                "pool": task.partial_kwargs.get("pool") if task.is_mapped else task.pool,
                "mapped": task.is_mapped,
                "timeout": bool(
                    task.partial_kwargs.get("execution_timeout") if task.is_mapped else task.execution_timeout
                ),
            }
            for task in dag.tasks
        },
    }
    for dag_id, dag in bag.dags.items()
}
print(json.dumps({"errors": bag.import_errors, "dags": dags}))  # noqa: T201 (for the test that started it)
