//! The two functions as JavaScript calls them. JSON goes over as text: the page has `JSON.parse`.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn check(source: &str) -> String {
    crate::check(source).to_string()
}

#[wasm_bindgen]
pub fn run(source: &str, events: &str, decide: &str) -> String {
    crate::run(source, events, decide).to_string()
}
