"""Figures of trials and studies, as bytes of SVG pictures. All functions are pure: they read no records.

svg_panel     axes with lines, bars and marks, written as SVG text in a few milliseconds
run_pictures  the pictures of one trial: its curves and the histograms of its gates
study_figures the figures of a study, drawn by matplotlib: scores, curves, score against size and gates
style         the sizes, colours and marks of the study's figures
"""
