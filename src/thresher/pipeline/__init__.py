"""From a data set and a recipe to a run folder, stage by stage: `thresher.pipeline.run.run`."""
