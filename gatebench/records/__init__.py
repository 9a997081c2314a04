"""The records of trials in MLflow, and the home, the folder that gatebench writes to.

home          the folders and files below the home
owner         the process that runs trials: its name, and whether it is alive
moved_home    the addresses of files follow a home that was moved or copied
stale_runs    closes the runs that dead processes left open
claims        several drivers share a study: each trial is run by one of them
claim_board   the log of the claims in MLflow
claim_log     the entries of the log, and the holders that follow from them
address       the address of the records: which addresses are allowed
database_file the sqlite file of a home: whether it is missing or damaged
mlflow_client the connection to MLflow
sqlite_schema the tables of MLflow in a sqlite file: all or none
mlflow_entry  the contents of a trial's run in MLflow: its params, tags, metrics and files
mlflow_files  the files of a run, as bytes
mlflow_study  the declaration of a study, and which experiments are studies
mlflow_data   the data of a trial as a dataset in MLflow
mlflow_model  the trained network of a trial as a logged model of MLflow
run_content   the content of a trial's run before the trial has ended
spool         the trials that wait to be recorded, on the disk of the driver
mlflow_page   the views of a study on the web pages of MLflow, and the text above its runs
mlflow_report the run with the report of a study
mlflow_app    the server of MLflow with the pages for model training as its start page
system_metrics the use of the machine while a run is open, as MLflow measures it
record        reads outcomes from MLflow, and keeps the declaration and the pages of a study there
sqlite_reader reads outcomes from a sqlite store with plain SQL, without MLflow
"""
