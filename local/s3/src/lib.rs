//! A versioned content store that speaks S3.
