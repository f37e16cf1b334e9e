"""Rules of collections, tried against each run that ends; :class:`.evaluator.Evaluator` does so."""
