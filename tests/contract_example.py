"""The complete pipeline of the contract, exactly as written."""

# ruff: noqa: E501 - the contract's own lines

from __future__ import annotations

PIPELINE = """\
# yaml-language-server: $schema=schemas/pipeline.schema.json
name: churn
description: Train, compare and report churn models.

params:
  raw: data/customers.csv
  test_size: 0.2
  min_auc: 0.75
  seeds: [1, 2, 3]
  models: [{kind: logreg}, {kind: forest, trees: 200}]

profiles:                      # prun run --profile dev; overlays params, store, executor, env, image: never wiring
  dev: {params: {seeds: [1]}}
  prod: {store: s3://team/churn, image: registry.example/churn:1.4}

store: .prun                   # any fsspec URL; default .prun beside the pipeline file
executor: {backend: loky, workers: 4}
defaults:
  retry: {limit: 2, delay: 5s, backoff: 2, jitter: full, on: [ConnectionError]}
  timeout: 30m

steps:
  load:
    call: churn.data:load
    files: {path: params.raw}            # a tracked file: its CONTENT is part of the cache key
  clean:
    call: churn.data:clean
    inputs: {frame: load}                # references only: this is an edge
  split:
    call: churn.data:split
    inputs: {frame: clean, test_size: params.test_size}
    outputs: [train, test]               # a returned dict by name, or a tuple in order
  train:
    call: churn.model:train
    matrix: {model: params.models, seed: params.seeds}
    inputs: {frame: split.train, model: matrix.model, seed: matrix.seed}
    resources: {cpus: 1, memory: 2GiB}
    on_error: skip                       # a failed item is left out of what is gathered
  score:
    call: churn.model:score
    foreach: train                       # item by item: score[k] starts when train[k] is done, no barrier
    inputs: {model: item, frame: split.test}
  best:
    call: churn.model:pick_best
    inputs: {models: train, scores: score}   # a fan-out read by a plain step is gathered into a list, in item order
  evaluate:
    call: churn.model:evaluate
    inputs: {model: best, frame: split.test}
    with: {bootstrap: 200, n_jobs: 2}    # literals only
    cache: {ignore: [n_jobs]}
    outputs: [auc, curve]
  promote:
    call: churn.registry:promote
    when: evaluate.auc >= params.min_auc # a tiny safe expression language, no eval
    inputs: {model: best}
    cache: false
  report:
    call: churn.report:render
    inputs: {auc: evaluate.auc, curve: evaluate.curve}
    needs: [promote]                     # ordering without data
    trigger_rule: none_failed            # Airflow's names: all_success (default), all_done, one_success, none_failed, ...
    publish: reports/churn.html          # a copy of the output at a path people can find
schedule: {cron: "0 6 * * 1", timezone: Europe/Berlin}   # used by the exports
"""
