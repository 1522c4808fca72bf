//! The binary form shared by events, states, Programs and decisions: LEB128 integers, length-first
//! lists and text, little-endian doubles. The same bytes on every target.

use core::fmt;

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

impl std::error::Error for DecodeError {}

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
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub const fn error(&self, code: &'static str) -> DecodeError {
        DecodeError { code, offset: self.at }
    }

    pub const fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Succeeds when nothing is left.
    pub const fn end(&self) -> Result<(), DecodeError> {
        if self.remaining() == 0 { Ok(()) } else { Err(self.error("trailing-bytes")) }
    }

    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..length).ok_or_else(|| self.error("truncated"))?;
        self.at += length;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.raw(1)?[0])
    }

    pub fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.error("not-a-flag")),
        }
    }

    pub fn unsigned(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.error("number-too-long"))
    }

    pub fn signed(&mut self) -> Result<i64, DecodeError> {
        let number = self.unsigned()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.unsigned()?).map_err(|_| self.error("number-too-large"))
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        u16::try_from(self.unsigned()?).map_err(|_| self.error("number-too-large"))
    }

    pub fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.raw(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    pub fn number(&mut self) -> Result<f64, DecodeError> {
        let number = f64::from_bits(self.fixed64()?);
        Ok(if number.is_nan() { f64::NAN } else { number + 0.0 })
    }

    /// A length that what follows can hold, so that a forged one cannot ask for memory.
    fn length(&mut self) -> Result<usize, DecodeError> {
        let length = self.unsigned()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.remaining())
            .ok_or_else(|| self.error("truncated"))
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.raw(length)
    }

    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.error("not-utf8"))
    }

    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.length()?;
        let mut items = Vec::with_capacity(length.min(1_024));
        for _ in 0..length {
            items.push(each(self)?);
        }
        Ok(items)
    }

    pub fn option<T>(
        &mut self,
        some: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        Ok(if self.flag()? { Some(some(self)?) } else { None })
    }

    pub fn optional_text(&mut self) -> Result<Option<String>, DecodeError> {
        self.option(|input| Ok(input.text()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(unsigned: u64, signed: i64) {
            let mut out = Writer::default();
            out.unsigned(unsigned);
            out.signed(signed);
            let bytes = out.into_bytes();
            let mut input = Reader::new(&bytes);
            prop_assert_eq!(input.unsigned(), Ok(unsigned));
            prop_assert_eq!(input.signed(), Ok(signed));
            prop_assert_eq!(input.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = crate::Event::decode(&bytes);
            let _ = crate::Value::read(&mut Reader::new(&bytes));
        }
    }

    #[test]
    fn a_forged_length_asks_for_no_memory() {
        let mut out = Writer::default();
        out.unsigned(u64::MAX);
        let bytes = out.into_bytes();
        assert_eq!(Reader::new(&bytes).text().unwrap_err().code, "truncated");
    }
}
