//! Packs made from other tools' files.
//!
//! What it is: a translation of what a site has elsewhere into a pack that decides the same. What it
//! is not: a client of those tools; it reads a file that somebody saved. What cannot be carried over
//! is said, by the name of the thing, and left out where it would decide otherwise.
//!
//! ```
//! use serde_json::json;
//! use waymark_import::growthbook::{Options, import};
//!
//! let payload = json!({ "features": { "banner": { "defaultValue": "off", "rules": [
//!     { "condition": { "country": "SG" }, "force": "on" },
//! ] } } });
//! let imported = import(&payload, &Options::default());
//! assert!(imported.notes.is_empty());
//! assert!(waymark_pack::compile(&imported.pack).is_ok());
//! ```

pub mod growthbook;
