//! What the module exports: plain functions over one buffer.
//!
//! A page asks for room, puts the input there and calls; what comes out lies in the same buffer. A
//! binding generator would do the same with 2 KB more, a tenth of what a page may download for the
//! whole SDK. The other side is `ts/engine/engine.ts`.
//!
//! What counts bytes gives how many there are, or, below zero, that the input was refused: then the
//! buffer has the code of the reason, of `-1 - length` bytes.

// The attributes that name exports, and the one word that a module has one thread.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};

use waymark_engine::{Numerals, Program};
use waymark_model::DecodeError;

use crate::Session;

#[derive(Debug)]
struct Page {
    program: Option<&'static Program>,
    session: Option<Session>,
    buffer: Vec<u8>,
}

const NOT_OPEN: DecodeError = DecodeError { code: "not-open", offset: 0 };

struct OneThread(RefCell<Page>);

// SAFETY: a page's module is instantiated without shared memory, so nothing else runs beside it.
unsafe impl Sync for OneThread {}

static PAGE: OneThread =
    OneThread(RefCell::new(Page { program: None, session: None, buffer: Vec::new() }));

/// Makes room for so many bytes of input; gives where.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    let mut page = page();
    page.buffer.clear();
    page.buffer.resize(length, 0);
    page.buffer.as_mut_ptr()
}

/// Where the output lies.
#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    page().buffer.as_ptr()
}

/// Takes in a Program, for visitors who are opened from now on.
#[unsafe(no_mangle)]
extern "C" fn program() -> isize {
    let mut page = page();
    let loaded = Session::program(&page.buffer).map(|program| {
        page.program = Some(program);
        Vec::new()
    });
    page.put(loaded)
}

/// Begins with a state; one of no bytes is a visitor of whom nothing is known. Who was there before
/// stays when this is refused.
#[unsafe(no_mangle)]
extern "C" fn open() -> isize {
    let mut page = page();
    let opened = page.program.ok_or(NOT_OPEN).and_then(|program| {
        let state = Some(&*page.buffer).filter(|state| !state.is_empty());
        Session::new(program, state, numerals())
    });
    let opened = opened.map(|session| {
        page.session = Some(session);
        Vec::new()
    });
    page.put(opened)
}

/// An encoded event; gives effects.
#[unsafe(no_mangle)]
extern "C" fn apply() -> isize {
    page().run(Session::apply)
}

/// Milliseconds since 1970; gives effects.
#[unsafe(no_mangle)]
extern "C" fn advance(now: f64) -> isize {
    page().run(|session, _| session.advance(now))
}

/// An encoded context, and milliseconds since 1970; gives actions. A lean engine's Programs have none.
#[cfg(not(feature = "lean"))]
#[unsafe(no_mangle)]
extern "C" fn act(now: f64) -> isize {
    page().run(|session, context| session.act(context, now))
}

/// An encoded context, and milliseconds since 1970; gives a decision.
#[unsafe(no_mangle)]
extern "C" fn decide(now: f64) -> isize {
    page().run(|session, context| session.decide(context, now))
}

/// What the next page begins with.
#[unsafe(no_mangle)]
extern "C" fn snapshot() -> isize {
    page().run(|session, _| Ok(session.snapshot()))
}

/// The time zone that the visitor has said is theirs; nothing where they have not. A lean engine's
/// Programs ask for no clock.
#[cfg(not(feature = "lean"))]
#[unsafe(no_mangle)]
extern "C" fn timezone() -> isize {
    page().run(|session, _| Ok(session.timezone().unwrap_or_default().into_bytes()))
}

/// Until when nothing changes unless something happens.
#[unsafe(no_mangle)]
extern "C" fn due() -> f64 {
    page().session.as_ref().map_or(f64::INFINITY, Session::due)
}

fn page() -> RefMut<'static, Page> {
    PAGE.0.borrow_mut()
}

impl Page {
    fn run(
        &mut self,
        run: impl FnOnce(&mut Session, &[u8]) -> Result<Vec<u8>, DecodeError>,
    ) -> isize {
        let Self { session, buffer, .. } = self;
        let done = match session {
            Some(session) => run(session, buffer),
            None => Err(NOT_OPEN),
        };
        self.put(done)
    }

    fn put(&mut self, done: Result<Vec<u8>, DecodeError>) -> isize {
        match done {
            Ok(bytes) => {
                self.buffer = bytes;
                self.buffer.len().cast_signed()
            }
            Err(error) => {
                self.buffer = error.code.into();
                !self.buffer.len().cast_signed()
            }
        }
    }
}

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// JavaScript's `Number(text)`.
    safe fn parse(text: *const u8, length: usize) -> f64;
    /// Puts JavaScript's `String(number)` there, which has at most 25 letters; gives how many.
    safe fn print(number: f64, there: *mut u8) -> usize;
}

/// The page's own.
pub(crate) const fn numerals() -> Numerals {
    Numerals {
        parse: |text| parse(text.as_ptr(), text.len()),
        print: |number| {
            let mut letters = [0; 32];
            let length = print(number, letters.as_mut_ptr());
            letters.iter().take(length).map(|letter| char::from(*letter)).collect::<String>()
        },
    }
}
