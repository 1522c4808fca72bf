//! The two functions as JavaScript calls them. JSON goes over as text: the page has `JSON.parse`.

use wasm_bindgen::prelude::wasm_bindgen;
use waymark_model::Timestamp;

/// `now`: milliseconds since 1970, for schedules that are over.
#[wasm_bindgen]
pub fn check(source: &str, now: f64) -> String {
    crate::check(source, Timestamp::from_js(now)).to_string()
}

#[wasm_bindgen]
pub fn run(source: &str, events: &str, decide: &str) -> String {
    crate::run(source, events, decide).to_string()
}
