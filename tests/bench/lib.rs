//! Nothing to call: `cargo bench -p waymark-bench`, or `cargo xtask bench`, which also runs the
//! page's module beside the engines of others.
