"""Figures of trials and studies, as bytes of pictures. All functions are pure: they read no records.

svg_panel     axes with lines, bars and marks, written as SVG text in a few milliseconds
run_pictures  the pictures of one trial: its curves and the histograms of its gates
task_trials   the trials of one task of a study, as its figures need them
kinds         the kinds of figures of a study, one a module, drawn by matplotlib
score_against the drawing that several kinds share
study_figures the figures in the report of a study
style         the sizes, colours and marks of the study's figures
"""
