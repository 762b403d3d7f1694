"""The GitHub Action: what `action.yml` runs, as `python -m reconciler.cli.github`.

Inputs come from environment variables and files, results go to the files that the runner names. What the
platform can't do (a comment on a fork's pull request, say) is a warning; the job's result is the command's.
"""
