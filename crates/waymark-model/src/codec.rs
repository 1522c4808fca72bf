//! The binary form shared by events, states, Programs and decisions: LEB128 integers, length-first
//! lists and text, little-endian doubles. The same bytes on every target.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The most that can be counted, also by JavaScript.
const COUNT: u64 = 1 << 53;

/// Where and why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// A stable name for the reason.
    pub code: &'static str,
    /// How many bytes had been read.
    pub offset: usize,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.code, self.offset)
    }
}

impl core::error::Error for DecodeError {}

/// Appends to a growing buffer.
#[derive(Debug, Default, Clone)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    /// How many there were of something; of more than a reader takes, as many as that.
    pub fn count(&mut self, count: u64) {
        self.unsigned(count.min(COUNT));
    }

    /// Zigzag, so that small negatives stay short.
    pub fn signed(&mut self, number: i64) {
        self.unsigned((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    pub fn fixed64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// A double in its canonical form: one NaN, no minus zero.
    pub fn number(&mut self, number: f64) {
        let canonical = if number.is_nan() { f64::NAN } else { number + 0.0 };
        self.raw(&canonical.to_bits().to_le_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.unsigned(bytes.len() as u64);
        self.raw(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.unsigned(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    pub fn option<T>(&mut self, item: Option<&T>, some: impl FnOnce(&mut Self, &T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            some(self, item);
        }
    }

    pub fn optional_text(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what a [`Writer`] wrote, trusting nothing.
///
/// The first thing that cannot be read is kept as the error, and after it there is nothing more to
/// read: numbers are 0, texts and lists are empty. So what is read needs no way out in the middle;
/// [`Reader::whole`] and [`Reader::check`] say whether it means anything.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    error: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len(), error: None }
    }

    /// Reads all of `bytes` as one thing.
    pub fn whole<T>(bytes: &'a [u8], read: impl FnOnce(&mut Self) -> T) -> Result<T, DecodeError> {
        let mut input = Self::new(bytes);
        let thing = read(&mut input);
        input.end().map(|()| thing)
    }

    /// Whether everything could be read, and nothing is left.
    pub fn end(&mut self) -> Result<(), DecodeError> {
        if self.remaining() > 0 {
            self.refuse("trailing-bytes", ());
        }
        self.check()
    }

    /// Whether everything so far could be read.
    pub fn check(&self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// Keeps the error, unless there was one before. Gives what to go on with.
    pub fn refuse<T>(&mut self, code: &'static str, instead: T) -> T {
        self.fail(code);
        instead
    }

    fn fail(&mut self, code: &'static str) {
        let offset = self.length - self.rest.len();
        self.error.get_or_insert(DecodeError { code, offset });
        self.rest = &[];
    }

    /// Reads bytes that were read before; what is wrong with them is wrong here.
    pub fn inside<T>(&mut self, bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let mut input = Reader::new(bytes);
        let thing = read(&mut input);
        if let Err(error) = input.check() {
            self.fail(error.code);
        }
        thing
    }

    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn raw(&mut self, length: usize) -> &'a [u8] {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                taken
            }
            None => self.refuse("truncated", &[]),
        }
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        self.raw(N).try_into().unwrap_or([0; N])
    }

    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else {
            return self.refuse("truncated", 0);
        };
        self.rest = rest;
        *byte
    }

    pub fn flag(&mut self) -> bool {
        match self.byte() {
            0 => false,
            1 => true,
            _ => self.refuse("not-a-flag", false),
        }
    }

    /// One of a list that is not empty, by its number.
    pub fn one_of<T: Copy>(&mut self, all: &[T], code: &'static str) -> T {
        let number = usize::from(self.byte());
        all.get(number).copied().unwrap_or_else(|| self.refuse(code, all[0]))
    }

    pub fn unsigned(&mut self) -> u64 {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return number;
            }
        }
        self.refuse("number-too-long", 0)
    }

    /// How many there were of something: few enough that more can be counted.
    pub fn count(&mut self) -> u64 {
        let count = self.unsigned();
        if count > COUNT { self.refuse("number-too-large", 0) } else { count }
    }

    pub fn signed(&mut self) -> i64 {
        let number = self.unsigned();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    pub fn u32(&mut self) -> u32 {
        u32::try_from(self.unsigned()).unwrap_or_else(|_| self.refuse("number-too-large", 0))
    }

    pub fn fixed64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub fn number(&mut self) -> f64 {
        let number = f64::from_bits(self.fixed64());
        if number.is_nan() { f64::NAN } else { number + 0.0 }
    }

    /// A length that what follows can hold, so that a forged one cannot ask for memory.
    fn length(&mut self) -> usize {
        match usize::try_from(self.unsigned()) {
            Ok(length) if length <= self.remaining() => length,
            _ => self.refuse("truncated", 0),
        }
    }

    pub fn bytes(&mut self) -> &'a [u8] {
        let length = self.length();
        self.raw(length)
    }

    pub fn text(&mut self) -> &'a str {
        let bytes = self.bytes();
        core::str::from_utf8(bytes).unwrap_or_else(|_| self.refuse("not-utf8", ""))
    }

    pub fn string(&mut self) -> String {
        self.text().to_owned()
    }

    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.each(|input| items.push(item(input)));
        items
    }

    /// Reads a list whose items are not kept as one.
    pub fn each(&mut self, mut item: impl FnMut(&mut Self)) {
        for _ in 0..self.length() {
            item(self);
            if self.error.is_some() {
                break;
            }
        }
    }

    pub fn option<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.flag() { Some(some(self)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, Reader, Writer};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(unsigned: u64, signed: i64) {
            let mut out = Writer::default();
            out.unsigned(unsigned);
            out.signed(signed);
            let bytes = out.into_bytes();
            let mut input = Reader::new(&bytes);
            prop_assert_eq!(input.unsigned(), unsigned);
            prop_assert_eq!(input.signed(), signed);
            prop_assert_eq!((input.check(), input.remaining()), (Ok(()), 0));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = crate::Event::decode(&bytes);
            let _ = crate::Value::read(&mut Reader::new(&bytes));
        }
    }

    #[test]
    fn the_first_error_is_kept_and_nothing_is_read_after_it() {
        let mut input = Reader::new(&[7, 1, 2]);
        assert!(!input.flag());
        assert_eq!((input.byte(), input.text(), input.list(Reader::byte)), (0, "", Vec::new()));
        assert_eq!(input.check(), Err(DecodeError { code: "not-a-flag", offset: 1 }));
    }

    #[test]
    fn what_is_counted_can_always_be_read_back() {
        for (count, read) in [(7, 7), (1 << 53, 1 << 53), (u64::MAX, 1 << 53)] {
            let mut out = Writer::default();
            out.count(count);
            let bytes = out.into_bytes();
            assert_eq!(Reader::whole(&bytes, Reader::count), Ok(read));
        }
    }

    #[test]
    fn a_forged_length_asks_for_no_memory() {
        let mut out = Writer::default();
        out.unsigned(u64::MAX);
        let bytes = out.into_bytes();
        let error = Reader::whole(&bytes, Reader::string).unwrap_err();
        assert_eq!(error.code, "truncated");
    }
}
