//! The engine as a page runs it.
//!
//! A page already has JSON, the DOM, storage, `fetch` and a way to print numbers; this module has
//! none of them. It takes the bytes of a Program, of events and of contexts, and gives back the bytes
//! of effects and decisions. What surrounds it is the TypeScript in `ts/`, which also works where a
//! content security policy refuses WebAssembly.
//!
//! [`Session`] is the whole of it and runs on any target; `exports` is how a page calls it.

// What a page downloads is built without std: its panics would bring along how to print them.
#![cfg_attr(all(target_family = "wasm", not(debug_assertions)), no_std)]

extern crate alloc;

mod effects;
#[cfg(target_family = "wasm")]
mod exports;
#[cfg(all(feature = "measure", target_family = "wasm"))]
mod measure;
#[cfg(target_family = "wasm")]
mod memory;
mod session;

pub use effects::{encode_acted, encode_effects};
pub use session::Session;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: memory::Blocks = memory::Blocks::new();

#[cfg(all(target_family = "wasm", not(debug_assertions)))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
