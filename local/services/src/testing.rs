//! What the tests at the level of `Services::handle` share.
