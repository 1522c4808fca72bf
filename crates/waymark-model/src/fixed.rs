/// A decimal number with six places. Sums are kept in it because addition then commutes exactly,
/// whatever the order in which events arrive.
///
/// Range ±9.2 × 10¹²; beyond it a sum stays at the end of the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fixed(pub i64);

impl Fixed {
    const ONE: f64 = 1e6;
    /// 2^52: doubles from here on are whole, so adding it to a smaller one rounds that, ties to even.
    const WHOLE: f64 = 4_503_599_627_370_496.0;

    /// The nearest representable number, ties to even. NaN is 0.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
    pub fn from_f64(number: f64) -> Self {
        let mut scaled = number * Self::ONE;
        if scaled.abs() < Self::WHOLE {
            let whole = Self::WHOLE.copysign(scaled);
            scaled = scaled + whole - whole;
        }
        Self(scaled as i64)
    }

    #[expect(clippy::cast_precision_loss, reason = "sums past 2^53 micro-units print rounded")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE
    }

    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Fixed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
        fn rounds_as_the_standard_library_does(number: f64, halves: i32) {
            for number in [number, f64::from(halves) / 2e6] {
                let rounded = (number * 1e6).round_ties_even() as i64;
                prop_assert_eq!(Fixed::from_f64(number), Fixed(rounded));
            }
        }
    }

    #[test]
    fn tenths_add_up_exactly() {
        let sum = (0..10).fold(Fixed(0), |sum, _| sum.plus(Fixed::from_f64(0.1)));
        assert_eq!(sum, Fixed::from_f64(1.0));
        assert_eq!(sum.to_f64().to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn what_does_not_fit_stays_at_the_end() {
        assert_eq!(Fixed::from_f64(1e300), Fixed(i64::MAX));
        assert_eq!(Fixed::from_f64(f64::NAN), Fixed(0));
        assert_eq!(Fixed(i64::MAX).plus(Fixed(1)), Fixed(i64::MAX));
    }
}
