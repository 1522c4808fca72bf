//! What the marketers' page asks: is this pack right, and what would this visitor see, and why?
//!
//! What it is: two functions, text in and JSON out. What it is not: it says nothing in words; the
//! page in `www/studio` does, in each of its languages. It reads no clock and sends nothing.
//!
//! ```
//! let answer = waymark_studio::check(r#"{"pack": "shop"}"#, None);
//! assert!(answer["diagnostics"].is_array());
//! ```

mod check;
pub mod js;
mod run;

pub use check::check;
pub use run::run;
