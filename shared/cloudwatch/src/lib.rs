//! Use of models, from Amazon CloudWatch.
