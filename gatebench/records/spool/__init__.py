"""The spool: a journal for each attempt of a trial, on the disk of the driver, and the drain to MLflow.

journal        an append-only file of checked records
event_json     epochs and outcomes as JSON
header         the first record of a journal: whose attempt it is, and the content of its run in MLflow
attempt_folder the folder of an attempt: its journal, its outcome and the files of the outcome
study_folder   the folder of a study: its attempts, and the compact journals of those that are in the store
progress       the steps that the drain has done with an attempt
run_requests   the requests to MLflow with which the runs of a study are written
server_requests the same requests to a tracking server
joint_request   joins the epochs of several attempts into one request to a server
sqlite_requests the same requests to a sqlite file, as plain SQL
sqlite_rows    the rows that they write into the tables of MLflow
transfer       brings one attempt into MLflow, continuing where it was interrupted
compact_journal the journal of an attempt that is in MLflow, from which a lost database is rebuilt
restore        puts attempts that were in a lost database back into the spool
rebuild        makes a new database for a home
study_drain    brings all attempts of a study into MLflow, in rounds
drain          the thread that does this while trials run
spool          begins, continues and ends attempts, and reads those that are not in the store yet
"""
