//! The bucket on Amazon S3.
